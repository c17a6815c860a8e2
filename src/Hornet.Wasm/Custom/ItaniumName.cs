using System.Text;

namespace Hornet.Wasm;

/// <summary>
/// C++ symbols of the Itanium ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling): encodings and names. A part that is not
/// understood is null, and so is everything around it. Each part is read once; text comes from the tree.
/// </summary>
sealed partial class ItaniumName
{
    const int Deepest = 200;

    readonly string _symbol;
    readonly List<ItaniumNode> _substitutions = [];
    readonly List<ItaniumForward> _forwards = [];
    List<ItaniumNode> _arguments = [];
    int _at, _depth;
    bool _inLambda, _inConversion;
    // Of the name just read: does it end in template arguments, does its type say no result, what qualifies its function.
    bool _isTemplate, _isWithoutResult;
    string _qualifiers = "";

    ItaniumName(string symbol) => _symbol = symbol;

    public static bool TryPrint(ReadOnlySpan<char> symbol, DemangledText text)
    {
        if (!Ascii.IsValid(symbol)) return false;
        ItaniumName name = new(symbol[2..].ToString());
        if (name.Encoding(isScope: false) is not { } encoding) return false;
        ItaniumPrinter printer = new(text);
        printer.Both(encoding);
        return name.Clones(printer);
    }

    char Peek => _at < _symbol.Length ? _symbol[_at] : '\0';
    char PeekSecond => _at + 1 < _symbol.Length ? _symbol[_at + 1] : '\0';
    bool AtEnd => Peek is '\0' or 'E' or '.';

    bool Eat(char c)
    {
        if (Peek != c) return false;
        _at++;
        return true;
    }

    bool Eat(string text)
    {
        if (string.CompareOrdinal(_symbol, _at, text, 0, text.Length) != 0) return false;
        _at += text.Length;
        return true;
    }

    // Copies that optimisers make: .part.0, .constprop.1
    bool Clones(ItaniumPrinter printer)
    {
        while (Peek == '.')
        {
            int start = _at++;
            if (char.IsAsciiLetterLower(Peek) || Peek == '_')
                while (char.IsAsciiLetterLower(Peek) || Peek == '_') _at++;
            else if (!char.IsAsciiDigit(Peek)) return false;
            else _at--;
            while (Peek == '.' && char.IsAsciiDigit(PeekSecond))
            {
                _at++;
                while (char.IsAsciiDigit(Peek)) _at++;
            }
            printer.Print(" [clone ");
            printer.Print(_symbol.AsSpan(start.._at));
            printer.Print("]");
        }
        return _at == _symbol.Length;
    }

    int? Number()
    {
        int start = _at, value = 0;
        while (char.IsAsciiDigit(Peek) && value <= _symbol.Length) value = value * 10 + _symbol[_at++] - '0';
        return _at == start ? null : value;
    }

    // <seq-id> and its like: "_" is the first, digits say which after it.
    int? Sequence(int radix)
    {
        if (Eat('_')) return 0;
        int value = 0;
        while (!Eat('_'))
        {
            char c = Peek;
            int digit = char.IsAsciiDigit(c) ? c - '0' : radix == 36 && char.IsAsciiLetterUpper(c) ? c - 'A' + 10 : -1;
            if (digit < 0 || value > _symbol.Length) return null;
            value = value * radix + digit;
            _at++;
        }
        return value + 1;
    }

    ItaniumNode? Encoding(bool isScope)
    {
        if (++_depth > Deepest) return null;
        ItaniumNode? encoding = Peek is 'T' or 'G' ? Special() : Function(isScope);
        _depth--;
        return encoding;
    }

    ItaniumNode? Function(bool isScope)
    {
        (_isTemplate, _isWithoutResult, _qualifiers) = (false, false, "");
        ItaniumNode? name = Name(isEncoding: true);
        if (name is null) return null;
        (bool isTemplate, bool isWithoutResult, string qualifiers) = (_isTemplate, _isWithoutResult, _qualifiers);
        foreach (ItaniumForward forward in _forwards) forward.Resolve(_arguments);
        _forwards.Clear();
        if (AtEnd) return name;
        ItaniumNode? result = null;
        if (isTemplate && !isWithoutResult && (result = Type()) is null) return null;
        return Parameters() is { } parameters ? new ItaniumFunction(isScope ? null : result, name, parameters, qualifiers) : null;
    }

    List<ItaniumNode>? Parameters()
    {
        List<ItaniumNode> parameters = [];
        if (Eat('v')) return AtEnd ? parameters : null;
        do
        {
            if (Type() is not { } type) return null;
            parameters.Add(type);
        }
        while (!AtEnd && !(Peek is 'R' or 'O' && PeekSecond == 'E'));
        return parameters;
    }

    ItaniumNode? Special()
    {
        if (Eat("TV")) return Of("vtable for ", Type());
        if (Eat("TT")) return Of("VTT for ", Type());
        if (Eat("TI")) return Of("typeinfo for ", Type());
        if (Eat("TS")) return Of("typeinfo name for ", Type());
        if (Eat("TW")) return Of("TLS wrapper function for ", Name(isEncoding: false));
        if (Eat("TH")) return Of("TLS init function for ", Name(isEncoding: false));
        if (Eat("GV")) return Of("guard variable for ", Name(isEncoding: false));
        if (Eat("GR") && Name(isEncoding: false) is { } variable && Sequence(36) is { } number) return new ItaniumSequence($"reference temporary #{number} for ", variable);
        if (Eat("Th")) return Offset() ? Of("non-virtual thunk to ", Encoding(isScope: false)) : null;
        if (Eat("Tv")) return Offset() && Offset() ? Of("virtual thunk to ", Encoding(isScope: false)) : null;
        if (Eat("Tc")) return CallOffset() && CallOffset() ? Of("covariant return thunk to ", Encoding(isScope: false)) : null;
        if (!Eat("TC") || Type() is not { } type || Number() is null || !Eat('_') || Type() is not { } inside) return null;
        return new ItaniumSequence("construction vtable for ", inside, "-in-", type);
    }

    static ItaniumSequence? Of(string words, ItaniumNode? node) => node is null ? null : new(words, node);

    bool Offset()
    {
        Eat('n');
        return Number() is not null && Eat('_');
    }

    bool CallOffset() => Eat('h') ? Offset() : Eat('v') && Offset() && Offset();

    ItaniumNode? Name(bool isEncoding)
    {
        if (++_depth > Deepest) return null;
        ItaniumNode? name = Peek switch
        {
            'N' => Nested(isEncoding),
            'Z' => Local(isEncoding),
            _   => Unscoped(isEncoding),
        };
        _depth--;
        return name;
    }

    ItaniumNode? Unscoped(bool isEncoding)
    {
        ItaniumNode? name;
        if (Peek == 'S' && PeekSecond != 't')
        {
            name = Substitution();
            if (name is null || Peek != 'I') return null;
        }
        else
        {
            bool isStd = Eat("St");
            name = Unqualified(null);
            if (name is not null && isStd) name = new ItaniumSequence("std::", name);
            if (name is null || Peek != 'I') return name;
            _substitutions.Add(name);
        }
        return TemplateArguments(isEncoding) is { } arguments ? new ItaniumTemplate(name, arguments) : null;
    }

    ItaniumNode? Nested(bool isEncoding)
    {
        _at++;
        string qualifiers = Qualifiers() + (Eat('R') ? " &" : Eat('O') ? " &&" : "");
        ItaniumNode? scope = null;
        bool isTemplate = false, isAdded = false;
        while (!Eat('E'))
        {
            isAdded = true;
            if (Peek == 'I')
            {
                if (scope is null || isTemplate || TemplateArguments(isEncoding) is not { } arguments) return null;
                scope = new ItaniumTemplate(scope, arguments);
                isTemplate = true;
            }
            else
            {
                isTemplate = false;
                if (Peek == 'M' && scope is not null)
                {
                    _at++;
                    continue;
                }
                if (Peek == 'S' && PeekSecond != 't')
                {
                    if (scope is not null || (scope = Substitution()) is null) return null;
                    isAdded = false;
                    continue;
                }
                if (scope is null && Eat("St"))
                {
                    scope = new ItaniumText("std");
                    isAdded = false;
                    continue;
                }
                _isWithoutResult = false;
                scope = scope is null && Peek == 'T' ? TemplateParameter()
                    : scope is null && Peek == 'D' && PeekSecond is 't' or 'T' ? Decltype() : Unqualified(scope);
                if (scope is null) return null;
            }
            _substitutions.Add(scope);
        }
        if (scope is null || !isAdded) return null;
        // The whole name is no prefix of anything; as a type it is added there.
        _substitutions.RemoveAt(_substitutions.Count - 1);
        if (isEncoding) (_isTemplate, _qualifiers) = (isTemplate, qualifiers);
        return scope;
    }

    ItaniumNode? Local(bool isEncoding)
    {
        _at++;
        List<ItaniumNode> arguments = _arguments;
        ItaniumNode? function = Encoding(isScope: true);
        if (function is null || !Eat('E')) return null;
        // What is inside a function template may use its arguments.
        if (!isEncoding) _arguments = arguments;
        (_isTemplate, _isWithoutResult, _qualifiers) = (false, false, "");
        ItaniumNode? entity;
        if (Eat('s')) entity = new ItaniumText("string literal");
        else
        {
            if (Eat('d') && Sequence(10) is null) return null;
            entity = Name(isEncoding);
        }
        if (entity is null) return null;
        if (Eat('_'))
        {
            // <discriminator>: one digit, or more between underscores.
            if (Eat('_') ? Number() is not >= 10 || !Eat('_') : !char.IsAsciiDigit(Peek) || _at++ < 0) return null;
        }
        return new ItaniumSequence("", function, "::", entity);
    }

    ItaniumNode? Unqualified(ItaniumNode? scope)
    {
        Eat('L');
        ItaniumNode? name;
        if (char.IsAsciiDigit(Peek)) name = Source();
        else if (Peek == 'U') name = Unnamed();
        else if (scope is not null && (Peek == 'C' && PeekSecond is >= '1' and <= '5' || Peek == 'D' && PeekSecond is >= '0' and <= '5'))
        {
            if (scope.BaseName is not { } own) return null;
            name = new ItaniumText(Peek == 'D' ? $"~{own}" : own);
            _isWithoutResult = true;
            _at += 2;
        }
        else name = OperatorName();
        while (name is not null && Eat('B')) name = Source() is { } tag ? new ItaniumSequence("", name, "[abi:", tag, "]") : null;
        return name is null || scope is null ? name : new ItaniumSequence("", scope, "::", name);
    }

    ItaniumText? Source()
    {
        if (Number() is not { } length || length == 0 || length > _symbol.Length - _at) return null;
        string name = _symbol.Substring(_at, length);
        _at += length;
        return new(name.StartsWith("_GLOBAL__N", StringComparison.Ordinal) ? "(anonymous namespace)" : name);
    }

    ItaniumNode? Unnamed()
    {
        if (Eat("Ut")) return Sequence(10) is { } which ? new ItaniumText($"{{unnamed type#{which + 1}}}") : null;
        if (!Eat("Ul")) return null;
        bool outer = _inLambda;
        _inLambda = true;
        List<ItaniumNode>? parameters = Parameters();
        _inLambda = outer;
        if (parameters is null || !Eat('E') || Sequence(10) is not { } number) return null;
        return new ItaniumSequence("{lambda(", new ItaniumPack(parameters), $")#{number + 1}}}");
    }

    ItaniumNode? OperatorName()
    {
        if (Eat("cv"))
        {
            bool outer = _inConversion;
            _inConversion = true;
            ItaniumNode? type = Type();
            _inConversion = outer;
            _isWithoutResult = true;
            return Of("operator ", type);
        }
        if (Eat("li")) return Source() is { } suffix ? new ItaniumSequence("operator\"\" ", suffix) : null;
        if (ItaniumOperator.Find(_symbol.AsSpan(_at)) is not { } found) return null;
        _at += 2;
        return new ItaniumText(char.IsAsciiLetter(found.Text[0]) ? $"operator {found.Text}" : $"operator{found.Text}");
    }

    List<ItaniumNode>? TemplateArguments(bool isEncoding)
    {
        if (++_depth > Deepest || !Eat('I')) return null;
        List<ItaniumNode> arguments = [];
        while (!Eat('E'))
        {
            if (TemplateArgument() is not { } argument) return null;
            arguments.Add(argument);
        }
        _depth--;
        if (isEncoding)
        {
            _arguments = arguments;
            _isTemplate = true;
        }
        return arguments;
    }

    ItaniumNode? TemplateArgument()
    {
        if (Peek == 'L') return Literal();
        if (Eat('X')) return Expression() is { } value && Eat('E') ? value : null;
        if (!Eat('J')) return Type();
        List<ItaniumNode> elements = [];
        while (!Eat('E'))
        {
            if (++_depth > Deepest || TemplateArgument() is not { } element) return null;
            _depth--;
            elements.Add(element);
        }
        return new ItaniumPack(elements);
    }
}
