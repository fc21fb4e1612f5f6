// Makes the photo set of the benchmark: 204 JPEG photos of 8 to 24 MP from a handful of source photos.
//
//   node bench/photos.mjs [--from DIR] [--to DIR] [--count N]
//
// Source photos that are camera files of 8 to 24 MP are copied as they are. All others are DERIVED, because no
// repository ships 700 MB of photos: a random part of a source photo is cropped, perhaps mirrored, its brightness and
// colour moved a little, enlarged to a camera's pixel size, and given noise like a sensor's (stronger in the light than
// in the dark, a little smeared, weaker in colour than in brightness) so that the file costs as many bits per pixel as
// a camera's. An enlargement has less fine detail than a real photo of that size; the noise stands in for it, and
// what a JPEG decoder works on is the bits. Every choice comes from a seeded generator: the same sources and the same
// pinned packages give the same set.
//
//   sizes         the pixel sizes of common phones and cameras, 8.0 to 24.0 MP; every seventh or so upright
//   sampling      4:2:0 60 %, 4:2:2 25 %, 4:4:4 15 %
//   coding        baseline with the fixed Huffman tables most cameras use; every tenth one progressive
//   quality       88 to 95, noise set so that a file has about 1.4 to 2.6 bits per pixel, within 2 to 6 MB
//   EXIF          every file has an Exif block with a 160 pixel thumbnail, as cameras write; one in six is stored
//                 turned, with orientation 6, 8 or 3
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { BENCH, jpegHeader, loadSharp, loadTurbo, WORK } from "./deps.mjs";

const SIZES = [
  [3264, 2448], [3840, 2160], [4000, 3000], [4032, 3024], [4032, 3024], [4608, 2592],
  [4608, 3456], [4928, 3264], [5184, 3456], [5472, 3648], [6000, 4000],
];
const SMALLEST = 7.9e6; // "8 MP" is 3264 x 2448
const LARGEST = 24.5e6;
const FEWEST_BITS = 0.5; // per pixel: below this a source is a blank or a drawing, not a photo

const { values: args } = parseArgs({
  options: {
    from: { type: "string" },
    to: { type: "string", default: join(WORK, "photos") },
    count: { type: "string", default: "204" },
    help: { type: "boolean", short: "h" },
  },
});
if (args.help) {
  console.log("usage: node bench/photos.mjs [--from DIR] [--to DIR] [--count N]");
  process.exit(0);
}
const inputs = process.env.BRAWN_INPUTS;
const from = args.from ?? (inputs ? join(inputs, "images/photos-cc-by-sa") : join(dirname(BENCH), "photos"));
await make(from, args.to, Number(args.count));

/** Fills `to` with `count` photos and a photos.json beside it that says how each was made. */
async function make(from, to, count) {
  const sharp = loadSharp();
  const turbo = loadTurbo();
  sharp.cache(false);
  const sources = await readSources(sharp, from);
  if (sources.length === 0) fail(`no photos in ${from}; give a folder of photos with --from`);

  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const made = [];
  for (const source of sources.filter(({ asItIs }) => asItIs).slice(0, count)) {
    copyFileSync(source.path, join(to, source.name));
    made.push({ file: source.name, source: source.name, derived: false });
  }
  for (let index = 0; made.length < count; index++) {
    const recipe = choose(index, sources);
    const { bytes, ...how } = await derive(sharp, turbo, recipe);
    writeFileSync(join(to, recipe.file), bytes);
    made.push({ file: recipe.file, source: recipe.source.name, derived: true, ...how });
    if (made.length % 20 === 0) console.error(`${made.length} of ${count}`);
  }
  for (const photo of made) Object.assign(photo, describe(join(to, photo.file)));
  writeFileSync(`${to}.json`, JSON.stringify(made, null, 1));
  summarise(made, to);
}

/** The photos of a folder, JPEG or PNG, upright, as raw pixels. */
async function readSources(sharp, from) {
  const sources = [];
  for (const name of readdirSync(from).filter((name) => /\.(jpe?g|png)$/i.test(name)).sort()) {
    const path = join(from, name);
    const { format, width, height } = await sharp(path).metadata();
    const bits = (statSync(path).size * 8) / (width * height);
    if (format === "jpeg" && bits < FEWEST_BITS) {
      console.error(`${name}: ${bits.toFixed(2)} bits per pixel is no photo, left out`);
      continue;
    }
    const { data, info } = await sharp(path).autoOrient().toColourspace("srgb").removeAlpha().raw()
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) continue;
    const asItIs = format === "jpeg" && width * height >= SMALLEST && width * height <= LARGEST;
    sources.push({ name, path, asItIs, data, width: info.width, height: info.height });
  }
  return sources;
}

/** Everything about derived photo number `index`, from a generator seeded by that number. */
function choose(index, sources) {
  const random = generator(0x62726177 + index);
  const [long, short] = SIZES[Math.floor(random() * SIZES.length)];
  // Stored turned, the way a phone held upright writes a portrait: landscape pixels and a tag.
  const orientation = index % 6 === 4 ? [6, 6, 8, 3][Math.floor(random() * 4)] : 1;
  const portrait = orientation === 1 && random() < 0.18;
  const progressive = index % 10 === 7;
  const roll = random();
  const sampling = roll < 0.6 ? "420" : roll < 0.85 && !progressive ? "422" : "444";
  const [width, height] = portrait ? [short, long] : [long, short];
  const number = String(index + 1).padStart(3, "0");
  const marks = [sampling, progressive && "progressive", orientation > 1 && `o${orientation}`].filter(Boolean);
  return {
    file: `p${number}-${width}x${height}-${marks.join("-")}.jpg`,
    source: sources[index % sources.length],
    width, height, orientation, progressive, sampling,
    zoom: 0.6 + 0.4 * random(),
    left: random(),
    top: random(),
    flop: random() < 0.5,
    brightness: 0.85 + 0.3 * random(),
    saturation: 0.8 + 0.4 * random(),
    hue: Math.round(-8 + 16 * random()),
    quality: 88 + Math.floor(random() * 8),
    bits: 1.4 + 1.2 * random(),
    random,
  };
}

/** Makes one derived photo: pixels, then the noise that brings the file to the wanted size, then the file. */
async function derive(sharp, turbo, recipe) {
  const { width, height, source } = recipe;
  const wanted = Math.min(Math.max((recipe.bits * width * height) / 8, 2.1e6), 5.9e6);
  const clean = await pixels(sharp, recipe);
  const noise = noiseTile(recipe.random);
  const sample = sampleTiles(clean, width, height);
  const wantedSample = (wanted * sample.width * sample.height) / (width * height);

  // Fewer bits by less noise, down to a sensor at base ISO, then by quality; more bits the other way round.
  let { quality } = recipe;
  let low = 0.3, high = 6, sigma = 2;
  const size = async () => {
    const noisy = addNoise(sample.data, sample.width, noise, sigma);
    return (await encode(sharp, turbo, noisy, sample.width, sample.height, { ...recipe, quality })).length;
  };
  for (let step = 0; step < 6; step++) {
    sigma = Math.sqrt(low * high);
    if ((await size()) < wantedSample) low = sigma;
    else high = sigma;
  }
  for (; quality > 75 && (await size()) > 1.15 * wantedSample; quality -= 2);
  for (; quality < 97 && (await size()) < 0.87 * wantedSample; quality += 1);

  const noisy = addNoise(clean, width, noise, sigma);
  let body = await encode(sharp, turbo, noisy, width, height, { ...recipe, quality });
  for (; body.length > 6e6 && quality > 70; quality -= 3) {
    body = await encode(sharp, turbo, noisy, width, height, { ...recipe, quality: quality - 3 });
  }
  const thumbnail = await sharp(noisy, { raw: { width, height, channels: 3 } }).resize(160, 120, { fit: "inside" })
    .jpeg({ quality: 75 }).toBuffer();
  const bytes = Buffer.concat([body.subarray(0, 2), exif(recipe.orientation, thumbnail), body.subarray(2)]);
  return { bytes, quality, noise: Number(sigma.toFixed(2)) };
}

/** The recipe's part of its source, moved in colour and enlarged, as stored (turned when it has an orientation). */
async function pixels(sharp, recipe) {
  const { source, width, height, orientation, zoom } = recipe;
  const raw = { width: source.width, height: source.height, channels: 3 };
  // What a viewer turns clockwise to show it upright was stored turned the other way.
  const turn = { 1: 0, 3: 180, 6: 270, 8: 90 }[orientation];
  const turned = await sharp(source.data, { raw }).rotate(turn).raw().toBuffer({ resolveWithObject: true });
  const { data, info } = turned;
  const scale = zoom * Math.min(info.width / width, info.height / height);
  const crop = { width: Math.floor(width * scale), height: Math.floor(height * scale) };
  // Colour before size: the colour spaces in between are slow, and the crop is smaller than what it becomes.
  const small = await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } })
    .extract({
      left: Math.floor(recipe.left * (info.width - crop.width)),
      top: Math.floor(recipe.top * (info.height - crop.height)),
      ...crop,
    })
    .modulate({ brightness: recipe.brightness, saturation: recipe.saturation, hue: recipe.hue })
    .sharpen({ sigma: 1 })
    .flop(recipe.flop)
    .raw()
    .toBuffer();
  const stored = await sharp(small, { raw: { ...crop, channels: 3 } })
    .resize(width, height, { fit: "fill", kernel: "lanczos3" })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (stored.info.channels !== 3) fail(`${source.name}: ${stored.info.channels} channels where 3 were expected`);
  return stored.data;
}

/** A 512 x 512 tile of noise: one luma and two chroma values per pixel, standard deviation 32, smeared over a pixel. */
function noiseTile(random) {
  const side = 512;
  const tile = new Int8Array(side * side * 3);
  const previous = [0, 0, 0];
  for (let index = 0; index < tile.length; index++) {
    const channel = index % 3;
    const gauss = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    previous[channel] = 0.35 * previous[channel] + 0.937 * gauss;
    tile[index] = Math.max(-127, Math.min(127, Math.round(32 * previous[channel])));
  }
  return { side, tile };
}

/** Adds noise of standard deviation `sigma` at mid brightness: less in the dark, more in the light, colour at half. */
function addNoise(data, width, { side, tile }, sigma) {
  const out = Buffer.allocUnsafe(data.length);
  const gain = new Float32Array(256);
  for (let value = 0; value < 256; value++) gain[value] = ((0.35 + 0.65 * Math.sqrt(value / 128)) * sigma) / 32;
  const mask = side - 1;
  for (let at = 0, y = 0; at < data.length; y++) {
    const row = (y & mask) * side;
    // Rows start at scattered places in the tile, so that its repetition forms no pattern.
    const start = y * 197;
    for (let x = 0; x < width; x++, at += 3) {
      const from = (row + ((start + x) & mask)) * 3;
      const strength = gain[data[at + 1]];
      const luma = tile[from];
      out[at] = clamp(data[at] + strength * (luma + 0.5 * tile[from + 1]));
      out[at + 1] = clamp(data[at + 1] + strength * luma);
      out[at + 2] = clamp(data[at + 2] + strength * (luma + 0.5 * tile[from + 2]));
    }
  }
  return out;
}

/** Nine 256 x 256 pieces spread over the picture, one below the other: what the search for the noise measures. */
function sampleTiles(data, width, height) {
  const side = 256;
  const out = Buffer.allocUnsafe(9 * side * side * 3);
  let at = 0;
  for (let piece = 0; piece < 9; piece++) {
    const left = Math.floor(((width - side) * ((piece % 3) + 0.5)) / 3);
    const top = Math.floor(((height - side) * (Math.floor(piece / 3) + 0.5)) / 3);
    for (let y = top; y < top + side; y++) {
      at += data.copy(out, at, (y * width + left) * 3, (y * width + left + side) * 3);
    }
  }
  return { data: out, width: side, height: 9 * side };
}

async function encode(sharp, turbo, data, width, height, { progressive, sampling, quality }) {
  if (progressive) {
    const chromaSubsampling = sampling === "420" ? "4:2:0" : "4:4:4";
    return sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality, progressive, chromaSubsampling }).toBuffer();
  }
  const subsampling = { 420: turbo.SAMP_420, 422: turbo.SAMP_422, 444: turbo.SAMP_444 }[sampling];
  const options = { format: turbo.FORMAT_RGB, width, height, subsampling, quality };
  const file = await turbo.compress(data, options);
  return file.data.subarray(0, file.size);
}

/** An APP1 segment with the orientation in its first directory and a JPEG thumbnail in its second. */
function exif(orientation, thumbnail) {
  const tiff = Buffer.alloc(8 + 18 + 42);
  tiff.write("II*\0", 0, "latin1");
  tiff.writeUInt32LE(8, 4);
  const entry = (at, tag, type, value) => {
    tiff.writeUInt16LE(tag, at);
    tiff.writeUInt16LE(type, at + 2);
    tiff.writeUInt32LE(1, at + 4);
    tiff.writeUInt32LE(value, at + 8);
  };
  tiff.writeUInt16LE(1, 8);
  entry(10, 0x0112, 3, orientation);
  tiff.writeUInt32LE(26, 22);
  tiff.writeUInt16LE(3, 26);
  entry(28, 0x0103, 3, 6); // JPEG
  entry(40, 0x0201, 4, tiff.length);
  entry(52, 0x0202, 4, thumbnail.length);
  const head = Buffer.from("\xff\xe1\0\0Exif\0\0", "latin1");
  head.writeUInt16BE(8 + tiff.length + thumbnail.length, 2);
  return Buffer.concat([head, tiff, thumbnail]);
}

function describe(path) {
  const bytes = readFileSync(path);
  const header = jpegHeader(bytes);
  const bits = Number(((bytes.length * 8) / (header.width * header.height)).toFixed(3));
  return { ...header, bytes: bytes.length, bits };
}

function summarise(photos, to) {
  const spread = (values) => {
    const sorted = values.toSorted((a, b) => a - b);
    const pick = (part) => sorted[Math.round(part * (sorted.length - 1))].toFixed(2);
    return `${pick(0)} to ${pick(1)}, median ${pick(0.5)}`;
  };
  const group = (name, some) => {
    if (some.length === 0) return;
    console.log(`${name}: ${some.length} photos`);
    console.log(`  megapixels      ${spread(some.map(({ width, height }) => (width * height) / 1e6))}`);
    console.log(`  megabytes       ${spread(some.map(({ bytes }) => bytes / 1e6))}`);
    console.log(`  bits per pixel  ${spread(some.map(({ bits }) => bits))}`);
  };
  group("camera files", photos.filter(({ derived }) => !derived));
  group("derived", photos.filter(({ derived }) => derived));
  const count = (test) => photos.filter(test).length;
  const turned = ({ file }) => /-o[368]\.jpg$/.test(file);
  const samplings = ["4:2:0", "4:2:2", "4:4:4"];
  console.log(samplings.map((name) => `${name} ${count(({ sampling }) => sampling === name)}`).join(", "));
  console.log(`progressive ${count((p) => p.progressive)}, turned ${count(turned)}, in ${to}`);
}

/** mulberry32: a small, well spread generator of numbers in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function clamp(value) {
  return value < 0 ? 0 : value > 255 ? 255 : (value + 0.5) | 0;
}

function fail(message) {
  console.error(`photos: ${message}`);
  process.exit(1);
}
