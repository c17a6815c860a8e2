using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>The code of an image, where it is mapped. Its tables are read from the file, when they are asked for.</summary>
internal sealed class ImageUnit : CodeUnit
{
    // Small tables are read at once: that costs less than asking twice.
    const int ReadAtOnce = 64 << 10;

    readonly ImageReader _image;
    readonly ImageFunction[] _functions;
    readonly int _imported;
    readonly byte[]? _tables;
    bool _lost;

    public ImageUnit(NativeCode module, CodeRange range, ImageReader image, ImageFunction[] functions) : base(module, range)
    {
        ModuleEnvironment environment = module.Environment;
        (_image, _functions, _imported) = (image, functions, environment.ImportedFunctions);
        // The collector and a throw cannot do without: they must not find the file shortened.
        bool isNeeded = environment.Tags.Count > 0 || environment.Types.Exists(static t => t.Kind != CompositeKind.Func);
        if (isNeeded || image[ImagePart.Tables].Length <= ReadAtOnce) _tables = image.Source.Read(image[ImagePart.Tables]);
    }

    protected override Layout MakeLayout()
    {
        int[] places = [.. Enumerable.Range(0, _functions.Length).Where(i => _functions[i].Code >= 0)];
        int[] starts = Array.ConvertAll(places, i => _functions[i].Code);
        // Functions that were added in a later run lie behind the others.
        Array.Sort(starts, places);
        return new(starts, Array.ConvertAll(places, i => _imported + i));
    }

    protected override ReadOnlySpan<byte> EncodedTables(int function, int place)
    {
        ImageFunction f = _functions[function - _imported];
        if (_tables is not null) return _tables.AsSpan(f.Tables, f.TablesLength);
        try
        {
            return _image.Source.Read(new ImageRange(_image[ImagePart.Tables].Offset + f.Tables, f.TablesLength));
        }
        catch (ImageException)
        {
            // Asked in the middle of a trap: what is going on must end in order.
            _lost = true;
            return FunctionTables.Nothing;
        }
    }

    // Running a page that the file no longer has raises a signal with an address here; so do traps, whose pages are there.
    public override ImageException? Loss(nint address) => _lost || address >= Start && address < End && _image.IsShortened
        ? new($"{_image.Source.Name}: the image was shortened or could not be read while it was in use") : null;
}
