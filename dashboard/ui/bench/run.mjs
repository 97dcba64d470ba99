// Node 20 runs no TypeScript: vite compiles what is run.
import { runnerImport } from "vite";

const { module } = await runnerImport("./bench/main.ts");
process.exitCode = await module.main(process.argv[2]);
