// V8's side of the benchmarks. Without arguments: each line of standard input is a run {file, arguments, script}, each line of
// standard output its {ms, output}; ms is processor time of the process while the guest runs. "compile FILE": compiles a module
// once and prints "wall cpu peak" in milliseconds and megabytes. "run FILE": runs a command.
import { WASI } from "node:wasi";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";

const cpu = () => { const u = process.cpuUsage(); return (u.user + u.system) / 1e3; };

if (process.argv[2] === "compile") {
  const bytes = readFileSync(process.argv[3]), before = cpu(), start = performance.now();
  new WebAssembly.Module(bytes);
  console.log(performance.now() - start, cpu() - before, process.resourceUsage().maxRSS / 1024);
  process.exit(0);
}
if (process.argv[2] === "run") {
  const wasi = new WASI({ version: "preview1", args: ["guest"], returnOnExit: true });
  process.exit(wasi.start(new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[3])), wasi.getImportObject())));
}

const folder = mkdtempSync(join(tmpdir(), "hornet-v8-")), modules = new Map();
const load = file => modules.get(file) ?? (modules.set(file, new WebAssembly.Module(readFileSync(file))), modules.get(file));

function command({ file, arguments: args }) {
  const path = join(folder, "output"), fd = openSync(path, "w");
  const wasi = new WASI({ version: "preview1", args, stdout: fd, returnOnExit: true });
  const instance = new WebAssembly.Instance(load(file), wasi.getImportObject());
  const before = cpu();
  wasi.start(instance);
  const ms = cpu() - before;
  closeSync(fd);
  return { ms, output: readFileSync(path, "utf8") };
}

function script({ file, script }) {
  const wasi = new WASI({ version: "preview1", returnOnExit: true });
  const zero = () => 0, env = { host_call: zero, host_interrupt: zero, host_promise_rejection: () => {}, host_module_normalize: zero, host_module_load: zero, host_get_timezone_offset: zero };
  const { exports: e } = new WebAssembly.Instance(load(file), { ...wasi.getImportObject(), env });
  wasi.initialize({ exports: { memory: e.memory, _initialize: e._initialize } });
  e.qjs_init();
  const text = Buffer.from(script + "\0"), code = e.wasm_malloc(text.length), name = e.wasm_malloc(8);
  new Uint8Array(e.memory.buffer).set(text, code);
  new Uint8Array(e.memory.buffer).set(Buffer.from("eval\0"), name);
  const before = cpu(), value = e.qjs_eval(code, text.length - 1, name, 0), ms = cpu() - before;
  const at = e.qjs_get_string(value), memory = Buffer.from(e.memory.buffer);
  return { ms, output: memory.toString("utf8", at, memory.indexOf(0, at)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try { const run = JSON.parse(line); answer = run.script == null ? command(run) : script(run); } catch (e) { answer = { error: String(e) }; }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
rmSync(folder, { recursive: true });
