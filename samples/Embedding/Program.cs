using Hornet;

using var engine = new Engine();
using var module = Module.FromFile(engine, args[0]);
using var linker = new Linker(engine);
using var store = new Store(engine);

linker.DefineFunction("host", "say", (Caller caller, int address, int length) =>
    Console.WriteLine(caller.GetMemory("memory")!.ReadString(address, length)));

var instance = linker.Instantiate(store, module);
var add = instance.GetFunction<int, int, int>("add")!;
var greet = instance.GetAction<int>("greet")!;

Console.WriteLine($"2 + 3 = {add(2, 3)}");
greet(2);
