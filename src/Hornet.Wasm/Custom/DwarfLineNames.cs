using System.Text;

namespace Hornet.Wasm;

/// <summary>
/// The file names of a line table. They are walked for the one that is asked for, and nothing of them is kept.
/// Source: DWARF 5, 6.2.4.1 (entry formats); DWARF 2 to 4, 6.2.4 (include_directories, file_names).
/// </summary>
readonly ref struct DwarfLineNames(ReadOnlySpan<byte> lines, ReadOnlySpan<byte> lineStrings, ReadOnlySpan<byte> strings, DwarfLineUnit unit)
{
    // A longer path is not one.
    const int MostBytes = 4096;

    readonly ReadOnlySpan<byte> _lines = lines, _lineStrings = lineStrings, _strings = strings;
    readonly DwarfLineUnit _unit = unit;

    /// <summary>A file's path, or null; absolute where the table knows the directory of the compilation.</summary>
    public string? Path(ulong file)
    {
        DwarfReader reader = new(_lines, _unit.Names, _unit.Program);
        bool isFound = _unit.Version >= 5
            ? Entry(reader, wantsFile: true, file, out ReadOnlySpan<byte> name, out ulong directory)
            : OldFile(reader, file, out name, out directory);
        if (!isFound || name.IsEmpty) return null;
        string path = Text(name);
        if (IsAbsolute(path)) return path;
        path = Under(Directory(directory), path);
        // Version 5 has the compilation's directory as number 0; before, it lies elsewhere, and number 0 is not in the table.
        return IsAbsolute(path) || directory == 0 ? path : Under(Directory(0), path);
    }

    string Directory(ulong index)
    {
        DwarfReader reader = new(_lines, _unit.Names, _unit.Program);
        if (_unit.Version >= 5) return Entry(reader, wantsFile: false, index, out ReadOnlySpan<byte> name, out _) ? Text(name) : "";
        for (ulong i = 1; i <= index; i++)
        {
            ReadOnlySpan<byte> directory = reader.Text();
            if (directory.IsEmpty) break;
            if (i == index) return Text(directory);
        }
        return "";
    }

    // Directories to an empty one, then files: name, directory, time, length.
    static bool OldFile(DwarfReader reader, ulong file, out ReadOnlySpan<byte> name, out ulong directory)
    {
        while (!reader.Text().IsEmpty)
        {
        }
        directory = 0;
        for (ulong i = 1; ; i++)
        {
            name = reader.Text();
            if (name.IsEmpty) return false;
            directory = reader.Unsigned();
            reader.Unsigned();
            reader.Unsigned();
            if (i == file) return !reader.Failed;
        }
    }

    bool Entry(DwarfReader reader, bool wantsFile, ulong index, out ReadOnlySpan<byte> name, out ulong directory)
    {
        name = default;
        directory = 0;
        for (bool isFile = false; ; isFile = true)
        {
            int fields = reader.Byte(), formats = reader.Position;
            for (int i = 0; i < 2 * fields; i++) reader.Unsigned();
            ulong count = reader.Unsigned();
            // Entries without fields take no bytes: there may be any number, and none says anything.
            for (ulong entry = 0; entry < count && fields > 0 && !reader.Failed; entry++)
            {
                DwarfReader format = new(_lines, formats, _unit.Program);
                for (int i = 0; i < fields; i++)
                {
                    ulong content = format.Unsigned(), form = format.Unsigned();
                    ReadOnlySpan<byte> text = default;
                    if (!Value(ref reader, form, ref text, out ulong number)) return false;
                    if (content == 1) name = text; // DW_LNCT_path
                    else if (content == 2) directory = number; // DW_LNCT_directory_index
                }
                if (isFile == wantsFile && entry == index) return !reader.Failed;
            }
            if (isFile == wantsFile || reader.Failed) return false;
        }
    }

    // Every form that is known takes a byte at least. Source: DWARF 5, 7.5.6.
    bool Value(ref DwarfReader reader, ulong form, ref ReadOnlySpan<byte> text, out ulong number)
    {
        number = 0;
        switch (form)
        {
            case 0x08: text = reader.Text(); break; // DW_FORM_string
            case 0x0e: text = At(_strings, reader.Word(_unit.Is64)); break; // DW_FORM_strp
            case 0x1f: text = At(_lineStrings, reader.Word(_unit.Is64)); break; // DW_FORM_line_strp
            case 0x0b: number = reader.Byte(); break; // DW_FORM_data1
            case 0x05: number = reader.U16(); break; // DW_FORM_data2
            case 0x06: number = reader.U32(); break; // DW_FORM_data4
            case 0x07: number = reader.U64(); break; // DW_FORM_data8
            case 0x0f: number = reader.Unsigned(); break; // DW_FORM_udata
            case 0x1e: reader.Skip(16); break; // DW_FORM_data16: a file's MD5
            case 0x09: reader.Skip(reader.Unsigned()); break; // DW_FORM_block
            default: return false;
        }
        return !reader.Failed;
    }

    static ReadOnlySpan<byte> At(ReadOnlySpan<byte> section, ulong offset) =>
        offset < (ulong)section.Length ? new DwarfReader(section, (int)offset, section.Length).Text() : default;

    // What prints it may be a terminal, which control characters would command.
    static string Text(ReadOnlySpan<byte> bytes)
    {
        string text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MostBytes)]);
        foreach (char c in text)
            if (char.IsControl(c)) return string.Concat(text.Select(static c => char.IsControl(c) ? '\ufffd' : c));
        return text;
    }

    // Where it was compiled, not where it is read.
    static bool IsAbsolute(string path) => path.StartsWith('/') || path.StartsWith('\\') || path.Length > 2 && path[1] == ':' && path[2] is '\\' or '/';

    static string Under(string directory, string path) => directory.Length == 0 ? path : directory[^1] is '/' or '\\' ? directory + path : $"{directory}/{path}";
}
