using System.Text;

namespace Hornet.Wasm;

/// <summary>
/// Rust's second scheme (RFC 2603), printed while it is read. After the first fault every read gives nothing and every loop ends, so
/// that the grammar reads straight. References back are followed by reading again, which the text's bound and the count of steps end.
/// </summary>
ref partial struct RustV0Name
{
    const int Deepest = 200, MostSteps = 1 << 16;

    readonly ReadOnlySpan<char> _symbol;
    readonly DemangledText _text;
    int _at, _depth, _steps, _silent;
    ulong _lifetimes;
    bool _failed;

    RustV0Name(ReadOnlySpan<char> symbol, DemangledText text)
    {
        _symbol = symbol;
        _text = text;
    }

    public static bool TryPrint(ReadOnlySpan<char> symbol, DemangledText text)
    {
        ReadOnlySpan<char> body = symbol[2..];
        if (!Ascii.IsValid(body) || !char.IsAsciiLetterUpper(body[0])) return false;
        RustV0Name name = new(body, text);
        name.Path(inValue: true);
        // The crate that instantiated it says nothing about what it is.
        if (!name._failed && char.IsAsciiLetterUpper(name.Peek))
        {
            name._silent++;
            name.Path(inValue: false);
        }
        return !name._failed && RustSuffix.TryPrint(body[name._at..], text);
    }

    readonly char Peek => _failed || _at >= _symbol.Length ? '\0' : _symbol[_at];

    char Next()
    {
        char c = Peek;
        if (c == '\0') _failed = true;
        else _at++;
        return c;
    }

    bool Eat(char c)
    {
        if (Peek != c) return false;
        _at++;
        return true;
    }

    readonly void Print(ReadOnlySpan<char> text)
    {
        if (_silent == 0 && !_failed) _text.Append(text);
    }

    bool Enter()
    {
        if (++_depth > Deepest || ++_steps > MostSteps || _text.IsFull) _failed = true;
        return !_failed;
    }

    // <base-62-number> = {<0-9a-zA-Z>} "_"; the empty one is 0, others are one more than their digits say.
    ulong Base62()
    {
        if (Eat('_')) return 0;
        ulong value = 0;
        while (!Eat('_'))
        {
            char c = Next();
            int digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetterLower(c) ? c - 'a' + 10 : char.IsAsciiLetterUpper(c) ? c - 'A' + 36 : -1;
            if (digit < 0 || value > (ulong.MaxValue >> 1) / 62)
            {
                _failed = true;
                return 0;
            }
            value = value * 62 + (uint)digit;
        }
        return value + 1;
    }

    ulong Optional(char tag) => Eat(tag) ? Base62() + 1 : 0;

    ulong Disambiguator() => Optional('s');

    // <undisambiguated-identifier> = ["u"] <decimal-number> ["_"] <bytes>
    string Identifier()
    {
        bool punycode = Eat('u');
        int length = Next() - '0';
        if (length is < 0 or > 9) _failed = true;
        while (length > 0 && char.IsAsciiDigit(Peek) && length <= _symbol.Length) length = length * 10 + Next() - '0';
        Eat('_');
        if (_failed || length > _symbol.Length - _at)
        {
            _failed = true;
            return "";
        }
        ReadOnlySpan<char> bytes = _symbol.Slice(_at, length);
        _at += length;
        if (!punycode) return bytes.ToString();
        int split = bytes.LastIndexOf('_');
        if (Punycode.Decode(split < 0 ? "" : bytes[..split], bytes[(split + 1)..]) is { } decoded) return decoded;
        _failed = true;
        return "";
    }

    enum Again { Path, PathInValue, Type, Const, ConstInValue, Trait }

    bool Back(Again what)
    {
        int start = _at - 1;
        ulong target = Base62();
        if (target >= (ulong)start) _failed = true;
        if (_failed || _silent > 0) return false;
        int resume = _at;
        _at = (int)target;
        bool open = false;
        switch (what)
        {
            case Again.Path or Again.PathInValue: Path(what == Again.PathInValue); break;
            case Again.Type: Type(); break;
            case Again.Trait: open = OpenTrait(); break;
            case Again.Const or Again.ConstInValue: Const(what == Again.ConstInValue); break;
        }
        _at = resume;
        return open;
    }

    void Path(bool inValue)
    {
        if (!Enter()) return;
        char tag = Next();
        switch (tag)
        {
            case 'C':
                Disambiguator();
                Print(Identifier());
                break;
            case 'N':
                Nested(inValue);
                break;
            case 'M' or 'X' or 'Y':
                if (tag != 'Y')
                {
                    Disambiguator();
                    _silent++;
                    Path(inValue: false);
                    _silent--;
                }
                Print("<");
                Type();
                if (tag != 'M')
                {
                    Print(" as ");
                    Path(inValue: false);
                }
                Print(">");
                break;
            case 'I':
                Path(inValue);
                Print(inValue ? "::<" : "<");
                Arguments();
                Print(">");
                break;
            case 'B':
                Back(inValue ? Again.PathInValue : Again.Path);
                break;
            default:
                _failed = true;
                break;
        }
        _depth--;
    }

    void Nested(bool inValue)
    {
        char space = Next();
        if (!char.IsAsciiLetter(space)) _failed = true;
        Path(inValue);
        ulong disambiguator = Disambiguator();
        string name = Identifier();
        if (char.IsAsciiLetterUpper(space))
        {
            Print("::{");
            Print(space switch { 'C' => "closure", 'S' => "shim", _ => space.ToString() });
            if (name != "") Print(":");
            Print(name);
            Print($"#{disambiguator}}}");
        }
        else if (name != "")
        {
            Print("::");
            Print(name);
        }
    }

    void Arguments()
    {
        for (int i = 0; !_failed && !Eat('E'); i++)
        {
            if (i > 0) Print(", ");
            if (Eat('L')) Lifetime(Base62());
            else if (Eat('K')) Const(inValue: false);
            else Type();
        }
    }

    void Lifetime(ulong index)
    {
        if (_silent > 0) return;
        if (index > _lifetimes)
        {
            _failed = true;
            return;
        }
        ulong depth = _lifetimes - index;
        Print(index == 0 ? "'_" : depth < 26 ? $"'{(char)('a' + depth)}" : $"'_{depth}");
    }

    // <binder> = "G" <base-62-number>: lifetimes that are bound here.
    ulong Binder()
    {
        ulong bound = Optional('G');
        if (bound == 0 || _silent > 0) return 0;
        Print("for<");
        for (ulong i = 0; i < bound && !_text.IsFull; i++)
        {
            if (i > 0) Print(", ");
            _lifetimes++;
            Lifetime(1);
        }
        Print("> ");
        if (_text.IsFull) _failed = true;
        return bound;
    }
}
