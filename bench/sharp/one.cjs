// One photo to one thumbnail.
//   node one.cjs SRC DST [REPEAT]
const { rmSync } = require("node:fs");
const sharp = require("sharp");

const [src, dst, repeat = 1] = process.argv.slice(2);
const work = () =>
  sharp(src).autoOrient().resize({ width: 800, withoutEnlargement: true }).jpeg({ quality: 80 }).toFile(dst);

// What follows only reports how long the work took inside this process.
(async () => {
  const took = [];
  for (let run = 0; run < repeat; run++) {
    rmSync(dst, { force: true });
    const start = performance.now();
    await work();
    took.push(performance.now() - start);
  }
  console.log(JSON.stringify(took));
})();
