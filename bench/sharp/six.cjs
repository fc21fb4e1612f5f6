// One photo to three widths in two formats.
//   node six.cjs SRC DST WAY THREADS [REPEAT]
// WAY "clones": six pipelines over one input buffer, each of which decodes (and shrinks while decoding).
// WAY "raw": decode once, to raw pixels at the largest width, and make all six from those.
const { mkdirSync, rmSync } = require("node:fs");
const { readFile } = require("node:fs/promises");
const { join } = require("node:path");
const sharp = require("sharp");

const [src, dst, way, threads, repeat = 1] = process.argv.slice(2);
sharp.concurrency(Number(threads));
const ways = {
  async clones() {
    const photo = sharp(await readFile(src)).autoOrient();
    await outputs(photo);
  },
  async raw() {
    const largest = sharp(await readFile(src)).autoOrient().resize({ width: 1600, withoutEnlargement: true });
    const { data, info } = await largest.raw().toBuffer({ resolveWithObject: true });
    await outputs(sharp(data, { raw: info }));
  },
};

function outputs(photo) {
  return Promise.all(
    [1600, 800, 320].flatMap((width) => {
      const resized = () => photo.clone().resize({ width, withoutEnlargement: true });
      return [
        resized().webp({ quality: 80 }).toFile(join(dst, `photo-${width}.webp`)),
        resized().jpeg({ quality: 80 }).toFile(join(dst, `photo-${width}.jpg`)),
      ];
    }),
  );
}

// What follows only reports how long the work took inside this process.
(async () => {
  const took = [];
  for (let run = 0; run < repeat; run++) {
    rmSync(dst, { force: true, recursive: true });
    mkdirSync(dst);
    const start = performance.now();
    await ways[way]();
    took.push(performance.now() - start);
  }
  console.log(JSON.stringify(took));
})();
