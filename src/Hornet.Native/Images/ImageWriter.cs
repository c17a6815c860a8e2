using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Hornet.Base;
using Hornet.Compiler;
using Hornet.Compiler.X64;
using Hornet.Runtime;
using Hornet.Wasm;

namespace Hornet.Native;

/// <summary>
/// Lays out and writes an image, from its beginning to its end: code of an image that is added to stays as it is, new functions come
/// behind it. The bytes depend on nothing but what goes in.
/// </summary>
internal sealed class ImageWriter
{
    /// <summary>Bytes of the code that stands for a builtin, at the beginning.</summary>
    public const int LinkageSize = 16;

    readonly ModuleEnvironment _environment;
    readonly ModuleContent _content;
    readonly ImageReader? _base;
    readonly ImageFunction[] _functions;
    readonly List<(int Defined, FunctionCode Code)> _added = [];
    readonly ByteBuffer _linkage = new();
    readonly int[] _builtins = new int[(int)Builtin.Count];
    int _codeSize, _tablesSize;

    /// <param name="environment">The module.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="begun">An image of the same module whose functions are in this one too, or null.</param>
    public ImageWriter(ModuleEnvironment environment, ModuleContent content, ImageReader? begun = null)
    {
        (_environment, _content, _base) = (environment, content, begun);
        MakeLinkage();
        _functions = begun?.Functions() ?? new ImageFunction[environment.Bodies.Count];
        for (int i = 0; begun is null && i < _functions.Length; i++)
        {
            ByteRange body = environment.Bodies[i].Bytes;
            _functions[i] = new(-1, 0, 0, body.Offset, body.Length);
        }
        _codeSize = begun is null ? _linkage.Length : (int)begun[ImagePart.Code].Length;
        _tablesSize = begun is null ? 0 : (int)begun[ImagePart.Tables].Length;
    }

    /// <summary>Whether functions call each other directly; then all of them must be added.</summary>
    public bool DirectCalls { get; init; } = true;

    /// <summary>Bytes of code so far.</summary>
    public int CodeSize => _codeSize;

    /// <summary>Adds a function, given by its place among those that the module defines, unless it is there.</summary>
    public void Add(int defined, FunctionCode code)
    {
        ref ImageFunction function = ref _functions[defined];
        if (function.Code >= 0) return;
        _codeSize = checked(_codeSize + 15 & ~15);
        function = function with { Code = _codeSize, Tables = _tablesSize, TablesLength = code.Tables.Length };
        _codeSize = checked(_codeSize + code.Bytes.Length);
        _tablesSize = checked(_tablesSize + code.Tables.Length);
        _added.Add((defined, code));
    }

    // Code calls builtins here, where rdi is the VM context (Stubs.EmitCall), which knows where they are: mov eax, number; jmp [rdi + n].
    void MakeLinkage()
    {
        for (int i = 0; i < _builtins.Length; i++)
        {
            _builtins[i] = _linkage.Length;
            _linkage.Byte(0xB8);
            _linkage.Fixed32((uint)i);
            _linkage.Byte(0xFF);
            _linkage.Byte(0xA7);
            _linkage.Fixed32((uint)VmOffsets.ContextNativeBuiltins);
            while (_linkage.Length % LinkageSize != 0) _linkage.Byte(0xCC);
        }
    }

    public unsafe void Write(Stream output, CpuFeatures cpu, Features features, string settings, ReadOnlySpan<byte> thunks)
    {
        byte[] settingBytes = ImageSettings.ToBytes(settings), segments = Segments();
        ImageHeader header = new()
        {
            Magic = ImageHeader.MagicNumber, Version = ImageHeader.CurrentVersion, Architecture = ImageHeader.X64, Build = BuildKey.Value,
            CpuFeatures = (ulong)cpu, Features = (ulong)features, ModuleHash = ContentHash.Of(_content.All), BeforeCode = BeforeCode(_content.All),
            Flags = (DirectCalls ? ImageFlags.Complete : 0) | (_environment.HasTailCalls ? ImageFlags.HasTailCalls : 0),
        };
        long at = sizeof(ImageHeader);
        Place(ref header, ImagePart.Settings, settingBytes.Length, ref at);
        Place(ref header, ImagePart.Functions, (long)_functions.Length * sizeof(ImageFunction), ref at);
        Place(ref header, ImagePart.Segments, segments.Length, ref at);
        Place(ref header, ImagePart.Thunks, thunks.Length, ref at);
        Place(ref header, ImagePart.Wasm, _content.Length, ref at);
        Place(ref header, ImagePart.Tables, _tablesSize, ref at);
        at = at + ImageHeader.Alignment - 1 & -ImageHeader.Alignment;
        Place(ref header, ImagePart.Code, _codeSize, ref at);
        long hashed = (at + 7 & ~7L) - sizeof(ImageHeader);
        Place(ref header, ImagePart.Hashes, ((hashed + ImageHeader.BlockSize - 1) / ImageHeader.BlockSize + 1) * sizeof(ulong), ref at);
        header.FileLength = at;
        header.Hash = header.ComputeHash();

        output.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ImageHeader>(in header)));
        BlockWriter blockWriter = new(output, sizeof(ImageHeader));
        blockWriter.Write(settingBytes, header.Parts[(int)ImagePart.Settings].Offset);
        blockWriter.Write(MemoryMarshal.AsBytes(_functions.AsSpan()), header.Parts[(int)ImagePart.Functions].Offset);
        blockWriter.Write(segments, header.Parts[(int)ImagePart.Segments].Offset);
        blockWriter.Write(thunks, header.Parts[(int)ImagePart.Thunks].Offset);
        blockWriter.Write(_content.All, header.Parts[(int)ImagePart.Wasm].Offset);
        WriteTables(blockWriter, header.Parts[(int)ImagePart.Tables].Offset);
        WriteCode(blockWriter, header.Parts[(int)ImagePart.Code].Offset);
        blockWriter.Finish(header.Parts[(int)ImagePart.Hashes].Offset);
    }

    static void Place(ref ImageHeader header, ImagePart part, long length, ref long at)
    {
        at = at + 7 & ~7L;
        header.Parts[(int)part] = new(at, length);
        at += length;
    }

    void WriteTables(BlockWriter writer, long offset)
    {
        if (_base is not null) writer.Write(_base.Source.Read(_base[ImagePart.Tables]), offset);
        foreach ((int defined, FunctionCode code) in _added) writer.Write(code.Tables, offset + _functions[defined].Tables);
    }

    void WriteCode(BlockWriter writer, long offset)
    {
        writer.Write(_base is null ? _linkage.Written : _base.Source.Read(_base[ImagePart.Code]), offset);
        foreach ((int defined, FunctionCode code) in _added)
        {
            int start = _functions[defined].Code;
            foreach (Relocation relocation in code.Relocations)
            {
                int at = start + relocation.Offset;
                int symbol = relocation.Symbol >= ModuleTranslation.FirstBuiltin ? _builtins[relocation.Symbol - ModuleTranslation.FirstBuiltin]
                    : _functions[relocation.Symbol - _environment.ImportedFunctions].Code;
                BinaryPrimitives.WriteInt32LittleEndian(code.Bytes.AsSpan(relocation.Offset), symbol + relocation.Addend - at);
            }
            writer.Write(code.Bytes, offset + start);
        }
    }

    unsafe byte[] Segments()
    {
        ImageSegment[] segments = new ImageSegment[_environment.Datas.Count];
        for (int i = 0; i < segments.Length; i++)
        {
            DataSegment s = _environment.Datas[i];
            segments[i] = new((int)s.Mode, s.Memory, s.Offset.Code.Offset, s.Offset.Code.Length, s.Bytes.Offset, s.Bytes.Length);
        }
        return MemoryMarshal.AsBytes(segments.AsSpan()).ToArray();
    }

    // Up to the code section, or the data section where there is no code: they are the last ones, custom sections apart.
    static int BeforeCode(byte[] module)
    {
        OperatorReader reader = new(module, 0);
        reader.Take(8);
        while (!reader.AtEnd)
        {
            int start = reader.Offset;
            byte id = reader.Byte();
            if (id is (byte)SectionId.Code or (byte)SectionId.Data) return start;
            reader.Take((int)reader.Count());
        }
        return module.Length;
    }

    /// <summary>Writes on from one part to the next, and keeps a hash of each block.</summary>
    sealed class BlockWriter(Stream output, long start)
    {
        static readonly byte[] s_zeros = new byte[ImageHeader.Alignment];

        readonly byte[] _block = new byte[ImageHeader.BlockSize];
        readonly List<ulong> _hashes = [];
        long _at = start;
        int _filled;

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            Append(s_zeros.AsSpan(0, checked((int)(offset - _at))));
            Append(bytes);
        }

        void Append(ReadOnlySpan<byte> bytes)
        {
            _at += bytes.Length;
            while (!bytes.IsEmpty)
            {
                int count = Math.Min(bytes.Length, _block.Length - _filled);
                bytes[..count].CopyTo(_block.AsSpan(_filled));
                _filled += count;
                bytes = bytes[count..];
                if (_filled == _block.Length) Flush();
            }
        }

        void Flush()
        {
            if (_filled == 0) return;
            ReadOnlySpan<byte> block = _block.AsSpan(0, _filled);
            _hashes.Add(ContentHash.Of(block, (ulong)_hashes.Count));
            output.Write(block);
            _filled = 0;
        }

        public void Finish(long offset)
        {
            Append(s_zeros.AsSpan(0, checked((int)(offset - _at))));
            Flush();
            byte[] hashes = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_hashes)).ToArray();
            output.Write(hashes);
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(last, ContentHash.Of(hashes));
            output.Write(last);
        }
    }
}
