using System.Diagnostics.CodeAnalysis;

namespace Hornet.Wasm;

/// <summary>A custom section whose content is understood.</summary>
public interface ICustomSection<TSelf> where TSelf : ICustomSection<TSelf>
{
    /// <summary>The name that announces it.</summary>
    static abstract string Name { get; }

    /// <summary>Reads its content.</summary>
    /// <exception cref="WasmFormatException">The content is malformed.</exception>
    static abstract TSelf Read(ModuleBytes content);
}

/// <summary>Reads custom sections. One that is malformed is as good as absent: it never makes a module invalid. Source: spec, binary/modules, custom section.</summary>
public static class CustomSection
{
    /// <summary>Reads a custom section, or says what is wrong with it.</summary>
    public static bool TryRead<T>(ModuleBytes content, [NotNullWhen(true)] out T? section, [NotNullWhen(false)] out string? error) where T : class, ICustomSection<T>
    {
        try
        {
            section = T.Read(content);
            error = null;
            return true;
        }
        catch (WasmFormatException e)
        {
            section = null;
            error = e.Message;
            return false;
        }
    }
}
