// The npm packages the benchmark needs, pinned, installed into bench/.work and nowhere else.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What brawn is compared with. Its libvips comes along, prebuilt, as an npm package. */
const SHARP = "0.35.5";
/** Only for making photos: sharp writes no 4:2:2, and not the fixed Huffman tables that cameras use. */
const TURBO = "2.3.0";

export const BENCH = dirname(fileURLToPath(import.meta.url));
export const WORK = join(BENCH, ".work");
const require = createRequire(join(WORK, "index.js"));

/** Installs the pinned sharp unless it is there. */
export function installSharp() {
  const manifest = join(WORK, "node_modules/sharp/package.json");
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).version !== SHARP) {
    npm(["install", "--prefix", WORK, "--ignore-scripts", "--no-save", `sharp@${SHARP}`]);
  }
}

export function loadSharp() {
  installSharp();
  return require("sharp");
}

/** Loads libjpeg-turbo's binding: the prebuilt file alone, without the build tools the package depends on. */
export function loadTurbo() {
  const home = join(WORK, `jpeg-turbo-${TURBO}`);
  if (!existsSync(home)) {
    npm(["pack", "--pack-destination", WORK, `@julusian/jpeg-turbo@${TURBO}`]);
    mkdirSync(home);
    execFileSync("tar", ["-xzf", join(WORK, `julusian-jpeg-turbo-${TURBO}.tgz`), "-C", home]);
  }
  const glibc = process.platform !== "linux" || process.report.getReport().header.glibcVersionRuntime;
  const target = [process.platform, process.arch, glibc ? [] : "musl"].flat();
  const file = join(home, "package/prebuilds", `jpeg-turbo-${target.join("-")}`, "node-napi-v7.node");
  if (!existsSync(file)) throw new Error(`no prebuilt libjpeg-turbo for ${target.join("-")}: bring photos of your own`);
  return require(file);
}

/** What a JPEG's frame header says. (sharp's metadata calls 4:2:2 "4:2:0".) */
export function jpegHeader(bytes) {
  for (let at = 2; at < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === 0xda) break;
    if (marker < 0xc0 || marker > 0xcf || [0xc4, 0xc8, 0xcc].includes(marker)) continue;
    const samples = bytes[at + 9] === 3 ? bytes[at + 11] : 0x11;
    return {
      width: bytes.readUInt16BE(at + 7),
      height: bytes.readUInt16BE(at + 5),
      sampling: { 0x11: "4:4:4", 0x21: "4:2:2", 0x22: "4:2:0" }[samples] ?? `0x${samples.toString(16)}`,
      progressive: marker === 0xc2,
    };
  }
  throw new Error("no JPEG frame header");
}

function npm(args) {
  mkdirSync(WORK, { recursive: true });
  console.error(`npm ${args[0]} ${args.at(-1)} (into bench/.work)`);
  execFileSync("npm", [...args, "--no-audit", "--no-fund", "--loglevel=error"], { stdio: ["ignore", "ignore", 2] });
}
