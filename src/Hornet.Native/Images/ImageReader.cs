using System.Runtime.InteropServices;
using System.Text;
using Hornet.Base;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>
/// An image that has been looked at: its header is sound and fits this engine. The content is checked against its hashes as well
/// where that takes no time (<see cref="AlwaysVerified"/>); of larger ones on request. Code is trusted, as a program is.
/// </summary>
internal sealed class ImageReader
{
    /// <summary>Images up to this many bytes are checked whole whenever they are opened.</summary>
    public const long AlwaysVerified = 16 << 20;

    readonly ImageHeader _header;

    ImageReader(ImageSource source, in ImageHeader header)
    {
        Source = source;
        _header = header;
    }

    public ImageSource Source { get; }
    public bool IsComplete => (_header.Flags & ImageFlags.Complete) != 0;
    /// <summary>Whether the file has lost something since it was opened.</summary>
    public bool IsShortened => Source.Length < _header.FileLength;
    public ulong ModuleHash => _header.ModuleHash;
    public CpuFeatures CpuFeatures => (CpuFeatures)_header.CpuFeatures;
    public Features Features => (Features)_header.Features;
    public ImageRange this[ImagePart part] => _header.Parts[(int)part];

    /// <summary>What the code was compiled with, as <see cref="ImageSettings"/> has it.</summary>
    public string Settings => field ??= Encoding.UTF8.GetString(Source.Read(this[ImagePart.Settings]));

    /// <summary>Opens an image, for any engine.</summary>
    /// <exception cref="ImageException">It is none, damaged, truncated, or of another version.</exception>
    public static unsafe ImageReader Open(ImageSource source)
    {
        long length = source.Length;
        ImageHeader header = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<ImageHeader>(ref header));
        source.Read(0, bytes[..(int)Math.Min(length, bytes.Length)]);
        if (length >= 4 && bytes.StartsWith("\0asm"u8)) throw new ImageException($"{source.Name}: this is a WebAssembly module, not an image of one");
        if (length < sizeof(ulong) || header.Magic != ImageHeader.MagicNumber) throw new ImageException($"{source.Name}: this is not an image: the magic number is missing");
        if (length < 12 || header.Version != ImageHeader.CurrentVersion)
            throw new ImageException($"{source.Name}: the image has format version {header.Version}, this Hornet reads version {ImageHeader.CurrentVersion}: compile the module again");
        if (length < sizeof(ImageHeader)) throw new ImageException($"{source.Name}: the image is truncated: it ends within its header");
        if (header.Hash != header.ComputeHash()) throw new ImageException($"{source.Name}: the image is damaged: its header does not have the hash that it says");
        if (header.Architecture != ImageHeader.X64) throw new ImageException($"{source.Name}: the image is for another architecture (number {header.Architecture}), not for x86-64");
        if (header.Build != BuildKey.Value) throw new ImageException($"{source.Name}: the image was made by another build of Hornet ({header.Build:x16}, this one is {BuildKey.Value:x16}): compile the module again");
        if (length != header.FileLength)
            throw new ImageException($"{source.Name}: the image is {(length < header.FileLength ? "truncated" : "damaged")}: it has {length} bytes, its header says {header.FileLength}");
        ImageReader image = new(source, header);
        image.CheckRanges();
        if (length <= AlwaysVerified) image.Verify();
        return image;
    }

    // The hash says that the header is as it was written; this, that a wrong one makes no wild reads.
    unsafe void CheckRanges()
    {
        long at = sizeof(ImageHeader);
        for (int i = 0; i < (int)ImagePart.Count; i++)
        {
            ImageRange range = _header.Parts[i];
            if (range.Offset < at || range.Length < 0 || range.End < range.Offset || range.End > _header.FileLength) throw Damaged($"part {(ImagePart)i} lies outside");
            at = range.End;
        }
        if (this[ImagePart.Functions].Length % sizeof(ImageFunction) != 0 || this[ImagePart.Segments].Length % sizeof(ImageSegment) != 0
            || this[ImagePart.Code].Offset % ImageHeader.Alignment != 0 || this[ImagePart.Code].Length > CodeArena.Size || this[ImagePart.Wasm].Length > WasmLimits.ModuleBytes
            || this[ImagePart.Tables].Length > int.MaxValue || (uint)_header.BeforeCode > this[ImagePart.Wasm].Length)
            throw Damaged("a part has an impossible size");
    }

    /// <summary>Whether this is an image of a module.</summary>
    public bool IsOf(ReadOnlySpan<byte> module)
    {
        ImageRange wasm = this[ImagePart.Wasm];
        if (wasm.Length != module.Length) return false;
        byte[] block = GC.AllocateUninitializedArray<byte>(Math.Min(ImageHeader.BlockSize, module.Length));
        for (int at = 0; at < module.Length; at += block.Length)
        {
            Span<byte> bytes = block.AsSpan(0, Math.Min(block.Length, module.Length - at));
            Source.Read(wasm.Offset + at, bytes);
            if (!bytes.SequenceEqual(module.Slice(at, bytes.Length))) return false;
        }
        return true;
    }

    /// <summary>Compares everything behind the header with its hashes.</summary>
    /// <exception cref="ImageException">It is damaged.</exception>
    public unsafe void Verify()
    {
        ImageRange hashes = this[ImagePart.Hashes];
        long end = hashes.Offset, blocks = (end - sizeof(ImageHeader) + ImageHeader.BlockSize - 1) / ImageHeader.BlockSize;
        if (hashes.Length != (blocks + 1) * sizeof(ulong)) throw Damaged("the number of its hashes is wrong");
        byte[] stored = Source.Read(hashes);
        ReadOnlySpan<ulong> expected = MemoryMarshal.Cast<byte, ulong>(stored);
        if (ContentHash.Of(stored.AsSpan(0, stored.Length - sizeof(ulong))) != expected[^1]) throw Damaged("its hashes do not have the hash that they should");
        byte[] block = GC.AllocateUninitializedArray<byte>((int)Math.Min(ImageHeader.BlockSize, end));
        long at = sizeof(ImageHeader);
        for (int i = 0; i < blocks; i++)
        {
            Span<byte> bytes = block.AsSpan(0, (int)Math.Min(ImageHeader.BlockSize, end - at));
            Source.Read(at, bytes);
            if (ContentHash.Of(bytes, (ulong)i) != expected[i]) throw Damaged($"the content at offset 0x{at:x} to 0x{at + bytes.Length:x} does not have its hash");
            at += bytes.Length;
        }
    }

    /// <summary>Whether code of this image can run here, in an engine with these settings.</summary>
    /// <exception cref="ImageException">It cannot; says why.</exception>
    public void CheckFits(string settings, Features features)
    {
        CpuFeatures missing = CpuFeatures & ~Cpu.Features;
        if (missing != 0) throw new ImageException($"{Source.Name}: the image needs a CPU with {ImageSettings.Names(missing)}, which this one does not have: compile it with --target-features {ImageSettings.Names(CpuFeatures & ~missing)}");
        if (ImageSettings.Difference(Settings, settings) is { } difference) throw new ImageException($"{Source.Name}: the image does not fit this engine's configuration: {difference}");
        if ((Features & ~features) != 0) throw new ImageException($"{Source.Name}: the image was compiled with features of WebAssembly that are off in this engine: {Features & ~features}");
    }

    /// <summary>The functions that the module defines.</summary>
    public ImageFunction[] Functions()
    {
        ImageFunction[] functions = ReadRows<ImageFunction>(ImagePart.Functions);
        long code = this[ImagePart.Code].Length, tables = this[ImagePart.Tables].Length, wasm = this[ImagePart.Wasm].Length;
        foreach (ref readonly ImageFunction f in functions.AsSpan())
        {
            if (f.Code < -1 || f.Code >= code || f.Code < 0 && IsComplete || f.Tables < 0 || f.TablesLength < 0 || f.Tables + (long)f.TablesLength > tables
                || f.Body < 0 || f.BodyLength < 0 || f.Body + (long)f.BodyLength > wasm)
                throw Damaged("a function lies outside");
        }
        return functions;
    }

    /// <summary>The module's index spaces, without reading its code.</summary>
    public ModuleEnvironment Environment(ModuleContent content, ReadOnlySpan<ImageFunction> functions)
    {
        ModuleEnvironment environment;
        try
        {
            environment = ModuleValidator.Restore(content[new(0, _header.BeforeCode)], Features);
        }
        catch (WasmFormatException e)
        {
            throw Damaged($"its module is malformed at 0x{e.Offset:x}: {e.Reason}");
        }
        if (environment.Functions.Count - environment.ImportedFunctions != functions.Length) throw Damaged("its functions are not those of its module");
        CollectionsMarshal.SetCount(environment.Bodies, functions.Length);
        Span<FunctionBody> bodies = CollectionsMarshal.AsSpan(environment.Bodies);
        for (int i = 0; i < bodies.Length; i++) bodies[i] = new(new(functions[i].Body, functions[i].BodyLength));
        foreach (ImageSegment s in ReadRows<ImageSegment>(ImagePart.Segments))
        {
            ByteRange offset = new(s.Offset, s.OffsetLength), bytes = new(s.Bytes, s.BytesLength);
            if (!Lies(offset) || !Lies(bytes) || s.Mode == (int)SegmentMode.Active && (uint)s.Memory >= environment.Memories.Count) throw Damaged("a data segment lies outside");
            environment.Datas.Add(new((SegmentMode)s.Mode, s.Memory, new(offset), bytes));
        }
        environment.HasTailCalls = (_header.Flags & ImageFlags.HasTailCalls) != 0;
        return environment;
    }

    bool Lies(ByteRange range) => range.Offset >= 0 && range.Length >= 0 && range.Offset + (long)range.Length <= this[ImagePart.Wasm].Length;

    unsafe T[] ReadRows<T>(ImagePart part) where T : unmanaged
    {
        T[] rows = GC.AllocateUninitializedArray<T>((int)(this[part].Length / sizeof(T)));
        Source.Read(this[part].Offset, MemoryMarshal.AsBytes(rows.AsSpan()));
        return rows;
    }

    ImageException Damaged(string how) => new($"{Source.Name}: the image is damaged: {how}");
}
