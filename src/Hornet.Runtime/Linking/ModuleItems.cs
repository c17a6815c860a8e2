using Hornet.Wasm;

namespace Hornet.Runtime;

/// <summary>A module's imports and exports as the public API shows them.</summary>
internal static class ModuleItems
{
    public static Hornet.Import[] Imports(ModuleEnvironment env)
    {
        Hornet.Import[] imports = new Hornet.Import[env.Imports.Count];
        for (int i = 0; i < imports.Length; i++)
        {
            Wasm.Import import = env.Imports[i];
            (string module, string name, int index) = (import.Module, import.Name, import.Index);
            imports[i] = import.Kind switch
            {
                ExternKind.Func => new FunctionImport(module, name, env.FunctionType(index)),
                ExternKind.Table => new TableImport(module, name, env.Tables[index]),
                ExternKind.Memory => new MemoryImport(module, name, env.Memories[index]),
                ExternKind.Global => new GlobalImport(module, name, env.Globals[index]),
                _ => new TagImport(module, name, (FuncType)env.Types[env.Tags[index]]),
            };
        }
        return imports;
    }

    public static Hornet.Export[] Exports(ModuleEnvironment env)
    {
        Hornet.Export[] exports = new Hornet.Export[env.Exports.Count];
        for (int i = 0; i < exports.Length; i++)
        {
            (string name, ExternKind kind, int index) = env.Exports[i];
            exports[i] = kind switch
            {
                ExternKind.Func => new FunctionExport(name, env.FunctionType(index)),
                ExternKind.Table => new TableExport(name, env.Tables[index]),
                ExternKind.Memory => new MemoryExport(name, env.Memories[index]),
                ExternKind.Global => new GlobalExport(name, env.Globals[index]),
                _ => new TagExport(name, (FuncType)env.Types[env.Tags[index]]),
            };
        }
        return exports;
    }
}
