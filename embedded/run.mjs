// Runs a program of this crate for WebAssembly: node run.mjs PROGRAM.wasm
import { readFileSync } from "node:fs";

const { argv, stdout } = await import("node:process");
const module = new WebAssembly.Module(readFileSync(argv[2]));
const foreign = WebAssembly.Module.imports(module).filter(({ module, name }) => module !== "host" || name !== "print");
if (foreign.length > 0) {
  throw new Error(`the program needs what no host has: ${JSON.stringify(foreign)}`);
}
let memory;
const print = (text, length) => stdout.write(new Uint8Array(memory.buffer, text, length).slice());
const { exports } = new WebAssembly.Instance(module, { host: { print } });
memory = exports.memory;
exports.start();
