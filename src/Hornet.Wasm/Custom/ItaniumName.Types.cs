namespace Hornet.Wasm;

/// <summary>Types, template parameters and substitutions.</summary>
sealed partial class ItaniumName
{
    static string? Builtin(char code) => code switch
    {
        'v' => "void",  'w' => "wchar_t",       'b' => "bool",      'c' => "char",               'a' => "signed char", 'h' => "unsigned char",
        's' => "short", 't' => "unsigned short", 'i' => "int",      'j' => "unsigned int",       'l' => "long",        'm' => "unsigned long",
        'x' => "long long", 'y' => "unsigned long long", 'n' => "__int128", 'o' => "unsigned __int128",
        'f' => "float", 'd' => "double",        'e' => "long double", 'g' => "__float128",       'z' => "...",
        _   => null,
    };

    static string? BuiltinD(char code) => code switch
    {
        'd' => "decimal64", 'e' => "decimal128", 'f' => "decimal32", 'h' => "half", 'i' => "char32_t", 's' => "char16_t", 'u' => "char8_t",
        'a' => "auto", 'c' => "decltype(auto)", 'n' => "decltype(nullptr)",
        _   => null,
    };

    string Qualifiers()
    {
        bool isRestrict = Eat('r'), isVolatile = Eat('V'), isConst = Eat('K');
        // Written from the inside out, the other way round than they are read.
        return (isConst ? " const" : "") + (isVolatile ? " volatile" : "") + (isRestrict ? " __restrict" : "");
    }

    ItaniumNode? Type()
    {
        if (Builtin(Peek) is { } builtin)
        {
            _at++;
            return new ItaniumText(builtin);
        }
        if (Peek == 'D' && BuiltinD(PeekSecond) is { } second)
        {
            _at += 2;
            return new ItaniumText(second);
        }
        if (++_depth > Deepest) return null;
        ItaniumNode? type = Compound(out bool isAdded);
        if (type is not null && isAdded) _substitutions.Add(type);
        _depth--;
        return type;
    }

    ItaniumNode? Compound(out bool isAdded)
    {
        isAdded = true;
        switch (Peek)
        {
            case 'r' or 'V' or 'K':
                string words = Qualifiers();
                // The qualifiers of a member function's type stand behind its parameters.
                return Peek == 'F' ? FunctionType(words) : Type() is { } type ? new ItaniumQualified(type, words) : null;
            case 'P':
                _at++;
                return Type() is { } target ? new ItaniumPointer(target, "*") : null;
            case 'R' or 'O':
                return Reference();
            case 'F':
                return FunctionType("");
            case 'A':
                return Array();
            case 'M':
                _at++;
                return Type() is { } owner && Type() is { } member ? new ItaniumPointer(member, "*", owner) : null;
            case 'C':
                _at++;
                return Type() is { } complex ? new ItaniumQualified(complex, " _Complex") : null;
            case 'U':
                _at++;
                return Source() is { } vendor && Type() is { } qualified ? new ItaniumSequence("", qualified, " ", vendor) : null;
            case 'u':
                _at++;
                return Source();
            case 'D':
                return Extended(ref isAdded);
            case 'T' when PeekSecond is 's' or 'u' or 'e':
                _at += 2;
                return Name(isEncoding: false);
            case 'T':
                return Applied(TemplateParameter(), ref isAdded);
            case 'S' when PeekSecond != 't':
                ItaniumNode? known = Substitution();
                isAdded = false;
                if (known is null || Peek != 'I') return known;
                isAdded = true;
                return TemplateArguments(isEncoding: false) is { } arguments ? new ItaniumTemplate(known, arguments) : null;
            case 'N' or 'Z' or 'S' or 'L' or >= '0' and <= '9':
                return Name(isEncoding: false);
            default:
                return null;
        }
    }

    // A template template parameter is followed by its arguments, except in the type of a conversion operator, whose arguments they are.
    ItaniumNode? Applied(ItaniumNode? template, ref bool isAdded)
    {
        if (template is null || Peek != 'I' || _inConversion) return template;
        _substitutions.Add(template);
        isAdded = true;
        return TemplateArguments(isEncoding: false) is { } arguments ? new ItaniumTemplate(template, arguments) : null;
    }

    ItaniumNode? Reference()
    {
        string sign = Eat('R') ? "&" : "&&";
        if (sign == "&&") _at++;
        if (Type() is not { } type) return null;
        // References to references collapse; && remains only of two of them.
        return type is ItaniumPointer { Sign: "&" or "&&" } inner ? new ItaniumPointer(inner.Target, sign == "&" ? "&" : inner.Sign) : new ItaniumPointer(type, sign);
    }

    ItaniumNode? FunctionType(string words)
    {
        if (!Eat('F')) return null;
        Eat('Y');
        if (Type() is not { } result || Parameters() is not { } parameters) return null;
        words += Eat('R') ? " &" : Eat('O') ? " &&" : "";
        return Eat('E') ? new ItaniumFunction(result, null, parameters, words) : null;
    }

    ItaniumNode? Array()
    {
        _at++;
        ItaniumNode? bound = null;
        int start = _at;
        if (char.IsAsciiDigit(Peek))
        {
            while (char.IsAsciiDigit(Peek)) _at++;
            bound = new ItaniumText(_symbol[start.._at]);
        }
        else if (Peek != '_' && (bound = Expression()) is null) return null;
        return Eat('_') && Type() is { } element ? new ItaniumArray(element, bound) : null;
    }

    ItaniumNode? Extended(ref bool isAdded)
    {
        if (PeekSecond is 't' or 'T') return Decltype();
        if (Eat("Dp")) return Type() is { } pattern ? new ItaniumExpansion(pattern) : null;
        if (Eat("Do")) return FunctionType(Qualifiers() + " noexcept");
        if (!Eat("Dv") || Number() is not { } count || !Eat('_') || Type() is not { } element) return null;
        return new ItaniumQualified(element, $" __vector({count})");
    }

    ItaniumNode? Decltype()
    {
        _at += 2;
        return Expression() is { } value && Eat('E') ? new ItaniumSequence("decltype (", value, ")") : null;
    }

    ItaniumNode? TemplateParameter()
    {
        if (!Eat('T') || Sequence(10) is not { } index) return null;
        if (_inLambda) return new ItaniumText($"auto:{index + 1}");
        if (_inConversion)
        {
            ItaniumForward forward = new(index);
            _forwards.Add(forward);
            return forward;
        }
        return index < _arguments.Count ? _arguments[index] : null;
    }

    // <substitution>: what was there before, or one of the standard library's names.
    ItaniumNode? Substitution()
    {
        _at++;
        char which = Peek;
        if (which == '_' || char.IsAsciiDigit(which) || char.IsAsciiLetterUpper(which))
            return Sequence(36) is { } index && index < _substitutions.Count ? _substitutions[index] : null;
        _at++;
        const string Arguments = "<char, std::char_traits<char>";
        bool isWhole = Peek is 'C' or 'D';
        ItaniumNode? name = which switch
        {
            'a' => new ItaniumText("std::allocator", "allocator"),
            'b' => new ItaniumText("std::basic_string", "basic_string"),
            's' => new ItaniumText(isWhole ? $"std::basic_string{Arguments}, std::allocator<char> >" : "std::string", "basic_string"),
            'i' => new ItaniumText(isWhole ? $"std::basic_istream{Arguments} >" : "std::istream", "basic_istream"),
            'o' => new ItaniumText(isWhole ? $"std::basic_ostream{Arguments} >" : "std::ostream", "basic_ostream"),
            'd' => new ItaniumText(isWhole ? $"std::basic_iostream{Arguments} >" : "std::iostream", "basic_iostream"),
            _   => null,
        };
        if (name is null || Peek != 'B') return name;
        while (name is not null && Eat('B')) name = Source() is { } tag ? new ItaniumSequence("", name, "[abi:", tag, "]") : null;
        if (name is not null) _substitutions.Add(name);
        return name;
    }
}
