import { execFile } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const program = new URL("../../../../bin/flashcrowd", import.meta.url).pathname;
const execute = promisify(execFile);

/** A local cluster of its own with the dashboard that comes with it. */
export class Cluster {
  private constructor(private readonly dir: string) {}

  static async up(): Promise<Cluster> {
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), "flashcrowd-journey-")));
    await cluster.#tell("local", "up");
    return cluster;
  }

  /** A link that signs one browser in, once. */
  async link(): Promise<URL> {
    return new URL((await this.#tell("dashboard")).trim());
  }

  /** Stops the cluster and takes its data away. */
  async down(): Promise<void> {
    await this.#tell("local", "down", "--delete");
  }

  async #tell(...words: string[]): Promise<string> {
    const { stdout } = await execute(program, [...words, "--dir", this.dir]);
    return stdout;
  }
}
