using Hornet;
using Hornet.Bench;

var bytes = File.ReadAllBytes(args[0]);
var engine = new Engine(new Config().WithNativeCode(lazy: false));
Compilation.Measure(bytes.Length, () => Module.FromBytes(engine, bytes).Dispose());
