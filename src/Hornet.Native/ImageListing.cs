using Hornet.Native;
using Hornet.Wasm;

namespace Hornet;

/// <summary>A function's machine code in an image.</summary>
/// <param name="Function">Its index.</param>
/// <param name="Offset">Where its code begins, from the beginning of the image's code.</param>
/// <param name="Code">The code with its tables.</param>
public readonly record struct ListedFunction(int Function, int Offset, ListedCode Code);

/// <summary>What is in an image, for people and for tools. Nothing of it is run, and it may be for another CPU or another configuration.</summary>
public sealed class ImageListing : IDisposable
{
    readonly ImageReader _image;
    readonly ImageFunction[] _functions;
    readonly int[] _starts;
    readonly Dictionary<int, int> _byStart = [];

    ImageListing(ImageReader image)
    {
        _image = image;
        _image.Verify();
        _functions = image.Functions();
        Content = new(image.Source, image[ImagePart.Wasm]);
        Environment = image.Environment(Content, _functions);
        for (int i = 0; i < _functions.Length; i++)
            if (_functions[i].Code >= 0) _byStart[_functions[i].Code] = Environment.ImportedFunctions + i;
        _starts = [.. _functions.Where(static f => f.Code >= 0).Select(static f => f.Code).Order(), (int)image[ImagePart.Code].Length];
    }

    /// <summary>Bytes that tell an image from anything else.</summary>
    public const int MagicLength = 8;

    /// <summary>Whether a file that begins so is an image.</summary>
    public static bool IsImage(ReadOnlySpan<byte> start) => start.Length >= MagicLength && BitConverter.ToUInt64(start) == ImageHeader.MagicNumber;

    /// <summary>Opens an image in a file, and compares all of it with its hashes.</summary>
    /// <exception cref="ImageException">It is none, damaged, truncated, or of another version.</exception>
    public static ImageListing Open(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        ImageFile file = new(path);
        try
        {
            return new(ImageReader.Open(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    ImageContent Content { get; }

    /// <summary>The module that was compiled.</summary>
    public ModuleEnvironment Environment { get; }

    /// <summary>The module that was compiled, as it was.</summary>
    public ReadOnlyMemory<byte> Module => Content.All;

    /// <summary>What the code was compiled with, as lines of name=value.</summary>
    public string Settings => _image.Settings;

    /// <summary>What the code needs of the CPU.</summary>
    public string CpuFeatures => ImageSettings.Names(_image.CpuFeatures);

    /// <summary>Whether every function is there; what is not is compiled when it is called.</summary>
    public bool IsComplete => _image.IsComplete;

    /// <summary>The parts of the file: names, offsets, lengths in bytes.</summary>
    public IEnumerable<(string Name, long Offset, long Length)> Parts =>
        Enumerable.Range(0, (int)ImagePart.Count).Select(i => (((ImagePart)i).ToString().ToLowerInvariant(), _image[(ImagePart)i].Offset, _image[(ImagePart)i].Length));

    /// <summary>What a call to an offset in the code calls: a function's index, or the name of a routine of the runtime; neither for other offsets.</summary>
    public (int? Function, string? Builtin) TargetAt(long offset)
    {
        if (_byStart.TryGetValue((int)offset, out int function)) return (function, null);
        return offset >= 0 && offset % ImageWriter.LinkageSize == 0 && offset / ImageWriter.LinkageSize < (int)Builtin.Count ? (null, ((Builtin)(offset / ImageWriter.LinkageSize)).ToString()) : (null, null);
    }

    /// <summary>The machine code of functions, in the order of their indices, one after the other.</summary>
    public IEnumerable<ListedFunction> Functions
    {
        get
        {
            for (int i = 0; i < _functions.Length; i++)
                if (_functions[i].Code >= 0) yield return List(i);
        }
    }

    ListedFunction List(int defined)
    {
        ImageFunction function = _functions[defined];
        int end = _starts[Array.BinarySearch(_starts, function.Code) + 1];
        byte[] code = _image.Source.Read(new ImageRange(_image[ImagePart.Code].Offset + function.Code, end - function.Code));
        FunctionTables tables = FunctionTables.Decode(_image.Source.Read(new ImageRange(_image[ImagePart.Tables].Offset + function.Tables, function.TablesLength)));
        return new(Environment.ImportedFunctions + defined, function.Code, new()
        {
            // What only fills up to the next function is nobody's.
            Bytes = code.AsSpan(Math.Min(tables.CodeSize, code.Length)).ContainsAnyExcept((byte)0) ? code : code.AsMemory(0, Math.Min(tables.CodeSize, code.Length)),
            CodeSize = Math.Min(tables.CodeSize, code.Length),
            FrameSize = tables.FrameSize,
            Sources = ListedCode.Map(tables.Sources, tables.InlineSites),
            Inlined = ListedCode.Map(tables.InlineSites),
            Traps = ListedCode.Map(tables.Traps, tables.InlineSites),
            Calls = ListedCode.Map(tables.Returns, tables.StackMaps, tables.InlineSites),
        });
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _image.Source.Dispose();
}
