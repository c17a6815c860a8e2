namespace Hornet.Wasm;

/// <summary>Types, as generic arguments and constants have them.</summary>
ref partial struct RustV0Name
{
    static string? Basic(char tag) => tag switch
    {
        'a' => "i8",  'b' => "bool", 'c' => "char", 'd' => "f64",  'e' => "str",  'f' => "f32", 'h' => "u8",
        'i' => "isize", 'j' => "usize", 'l' => "i32", 'm' => "u32", 'n' => "i128", 'o' => "u128", 'p' => "_",
        's' => "i16", 't' => "u16",  'u' => "()",   'v' => "...",  'x' => "i64",  'y' => "u64", 'z' => "!",
        _   => null,
    };

    void Type()
    {
        char tag = Next();
        if (Basic(tag) is { } basic)
        {
            Print(basic);
            return;
        }
        if (!Enter()) return;
        switch (tag)
        {
            case 'R' or 'Q':
                Print("&");
                if (Eat('L') && Base62() is > 0 and var lifetime)
                {
                    Lifetime(lifetime);
                    Print(" ");
                }
                if (tag == 'Q') Print("mut ");
                Type();
                break;
            case 'P' or 'O':
                Print(tag == 'P' ? "*const " : "*mut ");
                Type();
                break;
            case 'A' or 'S':
                Print("[");
                Type();
                if (tag == 'A')
                {
                    Print("; ");
                    Const(inValue: true);
                }
                Print("]");
                break;
            case 'T':
                Print("(");
                int count = 0;
                for (; !_failed && !Eat('E'); count++)
                {
                    if (count > 0) Print(", ");
                    Type();
                }
                Print(count == 1 ? ",)" : ")");
                break;
            case 'F':
                Function();
                break;
            case 'D':
                Dyn();
                break;
            case 'B':
                Back(Again.Type);
                break;
            default:
                if (!_failed) _at--;
                Path(inValue: false);
                break;
        }
        _depth--;
    }

    void Function()
    {
        ulong bound = Binder();
        if (Eat('U')) Print("unsafe ");
        if (Eat('K'))
        {
            Print("extern \"");
            Print(Eat('C') ? "C" : Identifier().Replace('_', '-'));
            Print("\" ");
        }
        Print("fn(");
        for (int i = 0; !_failed && !Eat('E'); i++)
        {
            if (i > 0) Print(", ");
            Type();
        }
        Print(")");
        if (!Eat('u'))
        {
            Print(" -> ");
            Type();
        }
        _lifetimes -= bound;
    }

    void Dyn()
    {
        Print("dyn ");
        ulong bound = Binder();
        for (int i = 0; !_failed && !Eat('E'); i++)
        {
            if (i > 0) Print(" + ");
            Trait();
        }
        _lifetimes -= bound;
        if (!Eat('L')) _failed = true;
        ulong lifetime = Base62();
        if (lifetime == 0) return;
        Print(" + ");
        Lifetime(lifetime);
    }

    void Trait()
    {
        bool open = OpenTrait();
        while (Eat('p'))
        {
            Print(open ? ", " : "<");
            open = true;
            Print(Identifier());
            Print(" = ");
            Type();
        }
        if (open) Print(">");
    }

    // The bounds of associated types belong between the angle brackets of the trait's arguments, so these stay open.
    bool OpenTrait()
    {
        if (!Enter()) return false;
        bool open = false;
        if (Eat('B')) open = Back(Again.Trait);
        else if (Eat('I'))
        {
            Path(inValue: false);
            Print("<");
            Arguments();
            open = true;
        }
        else Path(inValue: false);
        _depth--;
        return open;
    }
}
