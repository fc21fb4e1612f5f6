// The measuring half of bench/image.sh, which see.
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync, cpSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { BENCH, installSharp, jpegHeader, loadSharp, WORK } from "./deps.mjs";

const { values: args } = parseArgs({
  options: {
    photos: { type: "string", default: join(WORK, "photos") },
    photo: { type: "string" },
    runs: { type: "string", default: "5" },
    only: { type: "string", default: "a,b,c,d" },
    "sharp-only": { type: "boolean", default: false },
  },
});
const runs = Number(args.runs);
const only = new Set(args.only.split(","));
if (!(runs >= 1)) fail(`--runs ${args.runs}: a number of 1 or more was expected`);
for (const key of only) if (!"abcd".includes(key)) fail(`--only ${args.only}: letters out of a,b,c,d were expected`);

const brawn = args["sharp-only"] ? undefined : resolve(process.env.BRAWN);
const brawnThreads = process.env.BENCH_UNPINNED ? ["--threads", "2"] : [];
const python = findPython();
installSharp();
cpSync(join(BENCH, "sharp"), WORK, { recursive: true });

await main();

async function main() {
  const photos = resolve(args.photos);
  if (!existsSync(photos)) {
    if (photos !== join(WORK, "photos")) fail(`no folder ${args.photos}`);
    console.error("making the photos (some minutes, once)");
    execFileSync("node", [join(BENCH, "photos.mjs"), "--to", photos], { stdio: ["ignore", 2, 2] });
  }
  const machine = describeMachine();
  const set = describePhotos(photos);
  const notes = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.date}`,
    `${machine.brawn}, ${machine.rustc}; sharp ${machine.sharp}, libvips ${machine.libvips}, node ${machine.node}`,
    `${set.count} JPEG photos, ${set.megapixels} MP and ${set.megabytes} MB on average, ${set.progressive} progressive`,
  ];
  for (const note of notes) console.error(note);
  rmSync(join(WORK, "out"), { recursive: true, force: true });
  if (loadavg()[0] > 0.5) console.error(`the machine is busy (load ${loadavg()[0].toFixed(1)}): expect a wide spread`);

  const results = [];
  for await (const test of tests(photos)) {
    warm(test.reads);
    results.push(run(test));
  }
  const text = [
    ...table(results),
    "",
    ...details(results),
    "",
    ...notes.map((note) => `- ${note}`),
    `- ${runs} interleaved runs or more of each; medians; starting node takes ${startTime(["node", "-e", "0"])} ms`
      + (brawn ? `, brawn ${startTime([brawn, "--version"])} ms` : ""),
  ].join("\n");
  console.log(text);
  writeFileSync(join(WORK, "results.json"), JSON.stringify({ machine, photos: set, runs, results }, null, 1));
  writeFileSync(join(WORK, "results.md"), `${text}\n`);
  console.error("also in bench/.work/results.json and results.md");
  if (results.some(({ wrong }) => wrong.length > 0)) process.exit(1);
}

/** The comparisons asked for: who takes part, how many files each must write, how often. */
async function* tests(photos) {
  const files = list(photos, /\.jpe?g$/i);
  const photo = args.photo ? resolve(args.photo) : twelveMegapixels(photos, files);
  const batch = (src, format, options = []) => [
    { name: "brawn", command: (dst) => [...image(src), "--to", dst, "--width", "800", "--format", format, ...options] },
    ...[[1, 2], [1, 4], [0, 2]].map(([threads, inFlight]) => ({
      name: `sharp, concurrency ${threads || "= cores"}, ${inFlight} in flight`,
      env: { UV_THREADPOOL_SIZE: String(Math.max(4, inFlight)) },
      command: (dst) => ["node", join(WORK, "batch.cjs"), src, dst, format, threads, inFlight],
    })),
  ];
  if (only.has("a")) {
    yield {
      key: "a", title: `${files.length} photos to 800 px JPEG`, unit: "images/s", count: files.length, runs,
      reads: files.map((name) => join(photos, name)), quality: photos,
      contestants: batch(photos, "jpeg", ["--quality", "80"]),
    };
  }
  if (only.has("b")) {
    yield {
      key: "b", title: "one photo to one thumbnail, whole command", unit: "ms", count: 1, runs: 4 * runs,
      reads: [photo], quality: photo,
      contestants: [
        {
          name: "brawn",
          command: (dst) => [...image(photo), "--to", join(dst, "out.jpg"), "--width", "800", "--quality", "80"],
        },
        {
          name: "sharp",
          inside: true,
          command: (dst) => ["node", join(WORK, "one.cjs"), photo, join(dst, "out.jpg")],
        },
      ],
    };
  }
  if (only.has("c")) {
    const widths = ["--width", "320,800,1600", "--format", "webp,jpeg", "--quality", "80"];
    yield {
      key: "c", title: "one photo to six outputs, whole command", unit: "ms", count: 6, runs: 2 * runs,
      reads: [photo], quality: photo,
      contestants: [
        { name: "brawn", command: (dst) => [...image(photo), "--to", `${dst}/`, ...widths] },
        ...["clones", "raw"].flatMap((way) => [1, 0].map((threads) => ({
          name: `sharp, ${way}, concurrency ${threads || "= cores"}`,
          inside: true,
          command: (dst) => ["node", join(WORK, "six.cjs"), photo, dst, way, threads],
        }))),
      ],
    };
  }
  if (only.has("d")) {
    const { png, some } = await inputsForD(photos, files);
    const pngs = list(png, /png$/);
    yield {
      key: "d-png", title: `${pngs.length} PNG of 2 MP to 800 px PNG`, unit: "images/s", count: pngs.length, runs,
      reads: pngs.map((name) => join(png, name)), quality: png,
      contestants: batch(png, "png"),
    };
    const names = list(some, /\.jpe?g$/i);
    yield {
      key: "d-webp", title: `${names.length} photos to 800 px WebP`, unit: "images/s", count: names.length, runs,
      reads: names.map((name) => join(some, name)), quality: some,
      contestants: batch(some, "webp", ["--quality", "80"]),
    };
  }
}

function image(src) {
  return [brawn, "image", src, ...brawnThreads];
}

/** Runs a comparison: a round to warm up, measure memory and check the output, then the timed rounds. */
function run(test) {
  console.error(`(${test.key}) ${test.title}`);
  const taking = test.contestants.filter(({ name }) => brawn || name !== "brawn");
  const sides = taking.map((contestant, index) => {
    const dst = join(WORK, "out", `${test.key}-${index}`);
    const { rss, cpu } = memory(contestant, dst);
    return { ...contestant, dst, rss, cpu, output: describeOutput(dst), wall: [], inside: contestant.inside && [] };
  });
  for (let round = 0; round < test.runs; round++) {
    for (const side of sides) {
      const { ms, stdout } = timed(side, side.dst);
      side.wall.push(ms);
      if (side.inside) side.inside.push(JSON.parse(stdout)[0]);
    }
  }
  const expected = sides.at(-1).output.jpeg;
  const wrong = sides.flatMap(({ name, output }) => [
    output.files !== test.count && `${name} wrote ${output.files} files instead of ${test.count}`,
    output.jpeg !== expected && `${name} wrote JPEG of another kind: ${output.jpeg} instead of ${expected}`,
  ].filter(Boolean));
  for (const line of wrong) console.error(`WRONG: ${line}`);
  for (const side of sides) {
    side.median = median(side.wall);
    if (side.inside) {
      side.insideMedian = median(side.inside);
      side.warmMedian = median(JSON.parse(timed(side, side.dst, ["12"]).stdout).slice(2));
    }
    console.error(`  ${side.name}: ${Math.round(side.median)} ms, ${side.rss ?? "?"} MB`);
  }
  const best = sides.filter(({ name }) => name !== "brawn").reduce((a, b) => (b.median < a.median ? b : a));
  for (const side of sides) {
    if (side.name === "brawn" || side === best) side.psnr = quality(test.quality, side.dst);
    for (const key of ["command", "dst", "env"]) delete side[key];
  }
  const ours = sides.find(({ name }) => name === "brawn");
  const ratios = ours?.wall.map((ms, round) => best.wall[round] / ms);
  const ratio = ours && wrong.length === 0 && {
    medians: best.median / ours.median,
    rounds: [Math.min(...ratios), Math.max(...ratios)],
  };
  const { key, title, unit, count } = test;
  return { key, title, unit, count, best: best.name, ratio, wrong, sides };
}

function timed(contestant, dst, more = []) {
  empty(dst);
  const [program, ...rest] = [...contestant.command(dst), ...more].map(String);
  const env = { ...process.env, ...contestant.env };
  const start = process.hrtime.bigint();
  const done = spawnSync(program, rest, { env, encoding: "utf8", maxBuffer: 1 << 28 });
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  if (done.error) fail(`${program}: ${done.error.message}`);
  if (done.status !== 0) {
    fail(`${[program, ...rest].join(" ")}\nended with ${done.status ?? done.signal}\n${done.stderr}`);
  }
  return { ms, stdout: done.stdout };
}

/** One run under GNU time, or under Python where there is none: peak resident megabytes and CPU seconds. */
function memory(contestant, dst) {
  const note = join(WORK, "rusage.txt");
  rmSync(note, { force: true });
  let under = [];
  if (existsSync("/usr/bin/time") && spawnSync("/usr/bin/time", ["-f", "%M", "true"]).status === 0) {
    under = ["/usr/bin/time", "-f", "%M %U %S", "-o", note];
  } else if (python) {
    const code = [
      "import resource, subprocess, sys",
      "code = subprocess.call(sys.argv[2:])",
      "used = resource.getrusage(resource.RUSAGE_CHILDREN)",
      "peak = used.ru_maxrss // (1024 if sys.platform == 'darwin' else 1)",
      "open(sys.argv[1], 'w').write(f'{peak} {used.ru_utime} {used.ru_stime}')",
      "sys.exit(code)",
    ];
    under = [python, "-c", code.join("\n"), note];
  }
  timed({ ...contestant, command: (dst) => [...under, ...contestant.command(dst)] }, dst);
  if (!existsSync(note)) return {};
  const [kilobytes, user, system] = readFileSync(note, "utf8").split(" ").map(Number);
  return { rss: Math.round(kilobytes / 1024), cpu: Number((user + system).toFixed(2)) };
}

/** Mean and worst PSNR against Pillow's Lanczos, over a dozen of the photos; nothing without Pillow. */
function quality(photos, thumbnails) {
  if (!python) return undefined;
  const script = [join(BENCH, "psnr.py"), "--photos", photos, "--thumbs", thumbnails];
  const done = spawnSync(python, [...script, "--limit", "12", "--min", "0", "--json"], { encoding: "utf8" });
  if (done.status === 0) return JSON.parse(done.stdout);
  if (done.status === 3) console.error("  no PSNR: python3 has no Pillow here");
  else console.error(`  no PSNR: ${done.stderr.trim()}`);
  return undefined;
}

function table(results) {
  const rows = results.map(({ key, title, unit, count, ratio, sides, best }) => {
    const ours = sides.find(({ name }) => name === "brawn");
    const theirs = sides.find(({ name }) => name === best);
    const both = (show) => [ours, theirs].map((side) => (side ? show(side) : "–"));
    const speed = (ms) => (unit === "ms" ? `${ms.toFixed(0)} ms` : `${((count * 1000) / ms).toFixed(1)} images/s`);
    const psnr = both(({ psnr }) => (psnr ? psnr.mean.toFixed(1) : "–")).join(" / ");
    const times = ratio ? `**${ratio.medians.toFixed(2)}**` : ours ? "output differs" : "–";
    const spread = ratio ? ratio.rounds.map((value) => value.toFixed(2)).join(" to ") : "–";
    const memory = both(({ rss }) => rss ?? "–").join(" / ");
    const kilobytes = both(({ output }) => Math.round(output.bytes / 1000)).join(" / ");
    const speeds = both(({ median }) => speed(median));
    return row([`(${key}) ${title}`, ...speeds, times, spread, memory, kilobytes, psnr]);
  });
  return [
    "| | brawn | sharp | speed, brawn / sharp | in single rounds | peak MB | output kB | PSNR dB |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...rows,
  ];
}

function row(cells) {
  return `| ${cells.join(" | ")} |`;
}

/** Every contestant with its spread, so that the choice of sharp's best settings can be checked. */
function details(results) {
  const lines = [
    "| | median ms | min to max | peak MB | CPU s | output kB | inside the process, first / warm ms |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const { key, best, sides } of results) {
    for (const side of sides) {
      const inside = side.inside ? `${side.insideMedian.toFixed(0)} / ${side.warmMedian.toFixed(0)}` : "–";
      const range = [Math.min(...side.wall), Math.max(...side.wall)].map((ms) => ms.toFixed(0)).join(" to ");
      const name = side.name === best ? `${side.name} (best)` : side.name;
      const kilobytes = Math.round(side.output.bytes / 1000);
      const cells = [side.median.toFixed(0), range, side.rss ?? "–", side.cpu ?? "–", kilobytes, inside];
      lines.push(row([`(${key}) ${name}`, ...cells]));
    }
  }
  return lines;
}

function describeMachine() {
  const version = (program, ...flags) => {
    const done = spawnSync(program, flags, { encoding: "utf8" });
    return done.status === 0 ? done.stdout.trim().split("\n")[0] : undefined;
  };
  const ask = ["-p", "JSON.stringify(require('sharp').versions)"];
  const versions = JSON.parse(execFileSync("node", ask, { cwd: WORK, encoding: "utf8" }));
  return {
    cpu: cpus()[0].model.trim(),
    cores: availableParallelism(),
    date: new Date().toISOString().slice(0, 10),
    brawn: (brawn && version(brawn, "--version")) ?? "no brawn",
    rustc: version("rustc", "--version")?.replace(/ \(.*/, "") ?? "no rustc",
    sharp: versions.sharp,
    libvips: versions.vips,
    node: process.versions.node,
    load: loadavg()[0],
  };
}

function describePhotos(photos) {
  const headers = list(photos, /\.jpe?g$/i).map((name) => {
    const bytes = readFileSync(join(photos, name));
    return { ...jpegHeader(bytes), bytes: bytes.length };
  });
  if (headers.length === 0) fail(`no JPEG photos in ${photos}`);
  const mean = (of) => {
    const sum = headers.reduce((total, header) => total + of(header), 0);
    return Number((sum / headers.length / 1e6).toFixed(2));
  };
  return {
    count: headers.length,
    megapixels: mean(({ width, height }) => width * height),
    megabytes: mean(({ bytes }) => bytes),
    progressive: headers.filter(({ progressive }) => progressive).length,
  };
}

/** The baseline photo nearest to 12.2 MP, the first by name of several. */
function twelveMegapixels(photos, files) {
  const distance = (name) => {
    const { width, height, progressive } = jpegHeader(readFileSync(join(photos, name)));
    return progressive ? Infinity : Math.abs(width * height - 12.2e6);
  };
  const measured = files.map((name) => ({ name, far: distance(name) }));
  return join(photos, measured.reduce((a, b) => (b.far < a.far ? b : a)).name);
}

/** Twenty photographic PNG of 2 MP, and every fourth photo for WebP, made once per photo set. */
async function inputsForD(photos, files) {
  const png = join(WORK, "inputs", "png");
  const some = join(WORK, "inputs", "some");
  const sharp = loadSharp();
  const every = (step) => files.filter((_, index) => index % step === 0);
  for (const folder of [png, some]) empty(folder);
  for (const name of every(Math.max(1, Math.floor(files.length / 20))).slice(0, 20)) {
    await sharp(join(photos, name)).autoOrient().resize(1632, 1224, { fit: "cover" })
      .png({ compressionLevel: 6, adaptiveFiltering: true }).toFile(join(png, name.replace(/\.jpe?g$/i, ".png")));
  }
  for (const name of every(4)) cpSync(join(photos, name), join(some, name));
  return { png, some };
}

/** Count and bytes of everything under a folder, and of what kind its JPEG files are. */
function describeOutput(folder) {
  const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
  const kinds = {};
  for (const path of files.filter((path) => /\.jpe?g$/.test(path))) {
    const { width, sampling, progressive } = jpegHeader(readFileSync(path));
    const kind = `${width} px ${sampling}${progressive ? " progressive" : ""}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const jpeg = Object.entries(kinds).sort().map(([kind, count]) => `${count} x ${kind}`).join(", ");
  return { files: files.length, bytes: files.reduce((sum, path) => sum + statSync(path).size, 0), jpeg };
}

function startTime([program, ...rest]) {
  const dst = join(WORK, "out", "start");
  const took = Array.from({ length: 9 }, () => timed({ command: () => [program, ...rest] }, dst).ms);
  return median(took).toFixed(0);
}

/** Reads files once, so that no contestant pays for the disk. */
function warm(files) {
  const buffer = Buffer.alloc(1 << 20);
  for (const file of files) {
    const handle = openSync(file);
    while (readSync(handle, buffer) > 0);
    closeSync(handle);
  }
}

function findPython() {
  const name = process.env.PYTHON ?? "python3";
  return spawnSync(name, ["--version"]).status === 0 ? name : undefined;
}

function list(folder, pattern) {
  return readdirSync(folder).filter((name) => pattern.test(basename(name))).sort();
}

function empty(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(1);
}
