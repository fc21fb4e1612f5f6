// A folder of pictures to a folder of thumbnails.
//   node batch.cjs SRC DST FORMAT THREADS IN_FLIGHT    (THREADS 0: as many as there are cores)
const { readdirSync } = require("node:fs");
const { join, parse } = require("node:path");
const sharp = require("sharp");

const [src, dst, format, threads, inFlight] = process.argv.slice(2);
const options = { jpeg: { quality: 80 }, webp: { quality: 80 }, png: {} }[format];
const extension = { jpeg: "jpg" }[format] ?? format;
sharp.cache(false);
sharp.concurrency(Number(threads));

const files = readdirSync(src).filter((name) => /\.(jpe?g|png)$/i.test(name));
async function work() {
  for (let file = files.pop(); file; file = files.pop()) {
    await sharp(join(src, file))
      .autoOrient()
      .resize({ width: 800, withoutEnlargement: true })
      .toFormat(format, options)
      .toFile(join(dst, `${parse(file).name}.${extension}`));
  }
}
Promise.all(Array.from({ length: Number(inFlight) }, work));
