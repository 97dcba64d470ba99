import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bench } from "./bench";
import { FixtureServer } from "./server";
import { readSession } from "./session";
import { type Chunk, FIRST_LOAD_KB, firstLoad, gzipKB } from "./size";
import { synthetic } from "./synthetic";

const SESSION = "../../internal/wire/testdata/session.jsonl";
const SIZES = [50, 200, 500];

/** Prints what a browser fetches before a run is seen, and fails above the goal. */
function size(): number {
  const manifest = JSON.parse(readFileSync("dist/.vite/manifest.json", "utf8")) as Record<string, Chunk>;
  const files = firstLoad(manifest, "src/pages/RunPage.tsx");
  const sizes = files.map((file) => gzipKB(readFileSync(join("dist", file))));
  for (const [place, file] of files.entries()) console.log(`${sizes[place]?.toFixed(1)} kB  ${file}`);
  const total = sizes.reduce((sum, one) => sum + one, 0);
  console.log(`first load: ${total.toFixed(1)} kB gzip of ${FIRST_LOAD_KB} kB`);
  return total <= FIRST_LOAD_KB ? 0 : 1;
}

/** Serves the built page with a recorded session and synthetic graphs until it is ended. */
async function fixture(): Promise<void> {
  const session = readSession(SESSION);
  const grids = SIZES.map((count) => synthetic(session, count, 4, 600));
  const plays = new Map([session, ...grids].map((play) => [play.snapshot.run.id, play]));
  const port = await new FixtureServer({ dist: "dist", plays, pace: 1 }).listen();
  console.log(`http://127.0.0.1:${port}/`);
}

/** Runs one of the commands: size, fixture or bench. */
export async function main(command: string | undefined): Promise<number> {
  if (command === "size") return size();
  if (command === "fixture") {
    await fixture();
    return 0;
  }
  if (command === "bench") return (await bench(readSession(SESSION))) === 0 ? 0 : 1;
  console.error("say what to do: size, fixture or bench");
  return 2;
}
