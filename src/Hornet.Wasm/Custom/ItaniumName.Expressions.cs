namespace Hornet.Wasm;

/// <summary>Expressions, as template arguments, array bounds and decltype have them; the usual ones.</summary>
sealed partial class ItaniumName
{
    ItaniumNode? Expression()
    {
        if (++_depth > Deepest) return null;
        ItaniumNode? value = ExpressionInside();
        _depth--;
        return value;
    }

    ItaniumNode? ExpressionInside()
    {
        if (Peek == 'L') return Literal();
        if (Peek == 'T') return TemplateParameter();
        if (Eat("fp"))
        {
            Qualifiers();
            return Sequence(10) is { } index ? new ItaniumText($"{{parm#{index + 1}}}") : null;
        }
        if (Eat("st")) return Type() is { } sized ? new ItaniumSequence("sizeof (", sized, ")") : null;
        if (Eat("at")) return Type() is { } aligned ? new ItaniumSequence("alignof (", aligned, ")") : null;
        if (Eat("sp")) return Expression() is { } pattern ? new ItaniumExpansion(pattern) : null;
        if (Eat("cl")) return Expression() is { } callee && Expressions() is { } passed ? new ItaniumSequence("", callee, "(", new ItaniumPack(passed), ")") : null;
        if (Eat("cv")) return Type() is { } to && Peek != '_' && Expression() is { } from ? new ItaniumSequence("(", to, ")", Operand(from)) : null;
        if (Eat("dt")) return Expression() is { } holder && Expression() is { } member ? new ItaniumSequence("", Operand(holder), ".", member) : null;
        if (Eat("pt")) return Expression() is { } pointer && Expression() is { } pointed ? new ItaniumSequence("", Operand(pointer), "->", pointed) : null;
        if (Eat("sr")) return char.IsAsciiDigit(Peek) ? Levels() : Type() is { } scope && Simple() is { } inner ? new ItaniumSequence("", scope, "::", inner) : null;
        if (Eat("ix")) return Expression() is { } array && Expression() is { } at ? new ItaniumSequence("", Operand(array), "[", at, "]") : null;
        if (char.IsAsciiDigit(Peek)) return Simple();
        if (ItaniumOperator.Find(_symbol.AsSpan(_at)) is not { Operands: > 0 } found) return null;
        _at += 2;
        if (Expression() is not { } first) return null;
        if (found.Operands == 1) return new ItaniumSequence(found.Text, Operand(first));
        if (Expression() is not { } second) return null;
        if (found.Operands == 2)
        {
            // Else the sign would end the template's arguments.
            ItaniumSequence both = new("", Operand(first), found.Text, Operand(second));
            return found.Text == ">" ? new ItaniumSequence("(", both, ")") : both;
        }
        return Expression() is { } third ? new ItaniumSequence("", new ItaniumSequence("", Operand(first), "?", Operand(second)), " : ", Operand(third)) : null;
    }

    // sr <unresolved-qualifier-level>+ E <base-unresolved-name>
    ItaniumNode? Levels()
    {
        ItaniumNode? name = Simple();
        while (name is not null && !Eat('E')) name = Simple() is { } level ? new ItaniumSequence("", name, "::", level) : null;
        return name is not null && Simple() is { } last ? new ItaniumSequence("", name, "::", last) : null;
    }

    static ItaniumNode Operand(ItaniumNode value) => value is ItaniumText { IsSimple: true } ? value : new ItaniumSequence("(", value, ")");

    List<ItaniumNode>? Expressions()
    {
        List<ItaniumNode> values = [];
        while (!Eat('E'))
        {
            if (Expression() is not { } value) return null;
            values.Add(value);
        }
        return values;
    }

    ItaniumNode? Simple()
    {
        Eat("on");
        ItaniumNode? name = char.IsAsciiDigit(Peek) ? Source() : OperatorName();
        if (name is null || Peek != 'I') return name;
        return TemplateArguments(isEncoding: false) is { } arguments ? new ItaniumTemplate(name, arguments) : null;
    }

    // <expr-primary> = L <type> <value> E, or L <mangled-name> E
    ItaniumNode? Literal()
    {
        _at++;
        if (Eat("_Z") || Eat('Z'))
        {
            List<ItaniumNode> arguments = _arguments;
            ItaniumNode? named = Encoding(isScope: true);
            _arguments = arguments;
            return Eat('E') ? named : null;
        }
        char code = Peek;
        if (Type() is not { } type) return null;
        int start = _at;
        bool isNegative = Eat('n');
        int digits = _at;
        while (char.IsAsciiLetterOrDigit(Peek) && Peek != 'E') _at++;
        string value = (isNegative ? "-" : "") + _symbol[digits.._at];
        if (!Eat('E') || _at - 1 == start && Builtin(code) is not null) return null;
        return code switch
        {
            'i' => new ItaniumText(value),
            'j' => new ItaniumText(value + "u"),
            'l' => new ItaniumText(value + "l"),
            'm' => new ItaniumText(value + "ul"),
            'x' => new ItaniumText(value + "ll"),
            'y' => new ItaniumText(value + "ull"),
            'b' when value is "0" or "1" => new ItaniumText(value == "1" ? "true" : "false"),
            'f' or 'd' or 'e' => new ItaniumSequence("(", type, $")[{value}]"),
            _   => new ItaniumSequence("(", type, $"){value}"),
        };
    }
}
