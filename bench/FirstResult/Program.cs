using FirstResult;

// first-result native|tier-up|interpreter|wasmtime FILE [ARGUMENT...]: runs the command's _start; what it prints is its result.
// Each engine's types are named in a method of their own, so that no process loads both.
var bytes = File.ReadAllBytes(args[1]);
string[] guest = [Path.GetFileNameWithoutExtension(args[1]), .. args[2..]];
if (args[0] == "wasmtime")
    OnWasmtime.Run(bytes, guest);
else
    OnHornet.Run(bytes, guest, args[0]);
