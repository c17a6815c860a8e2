namespace Hornet.Wasm;

/// <summary>
/// Follows the decoding of a module step by step: the validator, a compiler that starts while bytes still arrive. Byte spans live
/// only during the call. Whatever a function body can refer to is in the environment before the first body arrives; data segments
/// come behind.
/// </summary>
public interface IModuleSink
{
    /// <summary>A section other than code and data is in the environment.</summary>
    void Section(ModuleEnvironment environment, SectionId id, ModuleBytes content) { }

    /// <summary>The code section begins; so many bodies follow, no more than the function section announced.</summary>
    void CodeStart(ModuleEnvironment environment, int bodies) { }

    /// <summary>A function body, locals and code.</summary>
    /// <param name="environment">The module so far.</param>
    /// <param name="function">Its index, imported functions counted.</param>
    /// <param name="body">Its bytes.</param>
    void FunctionBody(ModuleEnvironment environment, int function, ModuleBytes body) { }

    /// <summary>A data segment is in the environment.</summary>
    /// <param name="environment">The module so far.</param>
    /// <param name="segment">Its index.</param>
    /// <param name="head">What precedes its bytes: the offset expression lies in it.</param>
    void DataSegment(ModuleEnvironment environment, int segment, ModuleBytes head) { }

    /// <summary>Some bytes of the last data segment.</summary>
    void DataBytes(ModuleEnvironment environment, int segment, ModuleBytes bytes) { }

    /// <summary>Whether <see cref="CustomSection"/> wants the content of the custom section of this name (which may be large).</summary>
    bool WantsCustom(string name) => false;

    /// <summary>A custom section.</summary>
    void CustomSection(ModuleEnvironment environment, string name, ModuleBytes content) { }

    /// <summary>The module is complete.</summary>
    void End(ModuleEnvironment environment) { }
}
