namespace Hornet.Wasm;

/// <summary>
/// A part of a C++ name. C++ writes types around what they describe (<c>int (*f)(char)</c>), so each prints in two halves. Parts are
/// shared through substitutions; depth and the text's bound end what is printed of them.
/// </summary>
abstract class ItaniumNode
{
    public abstract void Left(ItaniumPrinter to);
    public virtual void Right(ItaniumPrinter to) { }
    /// <summary>Whether it is a function or an array, which a pointer to it puts in parentheses.</summary>
    public virtual bool IsAround => false;
    /// <summary>Whether its second half has text: what it describes then stands in its parentheses.</summary>
    public virtual bool HasRight => IsAround;
    /// <summary>The name that its constructors have.</summary>
    public virtual string? BaseName => null;
}

/// <summary>Where nodes print to: the text, how deep they are nested, and which element of argument packs an expansion is at.</summary>
sealed class ItaniumPrinter(DemangledText text)
{
    const int Deepest = 400, MostSteps = 1 << 17;
    int _depth, _steps;

    public DemangledText Text { get; } = text;
    /// <summary>-1 outside of expansions.</summary>
    public int PackIndex { get; set; } = -1;
    /// <summary>How many elements the packs have that were met in an expansion; -1 when none was.</summary>
    public int PackCount { get; set; } = -1;

    public void Print(ReadOnlySpan<char> text) => Text.Append(text);

    public void Left(ItaniumNode node)
    {
        if (Enter()) node.Left(this);
        _depth--;
    }

    public void Right(ItaniumNode node)
    {
        if (Enter()) node.Right(this);
        _depth--;
    }

    public void Both(ItaniumNode node)
    {
        Left(node);
        Right(node);
    }

    public void List(IReadOnlyList<ItaniumNode> nodes)
    {
        bool first = true;
        foreach (ItaniumNode node in nodes)
        {
            if (Text.IsFull) return;
            int start = Text.Length;
            if (!first) Print(", ");
            int after = Text.Length;
            Both(node);
            // An empty pack takes its comma with it.
            if (Text.Length == after) Text.Truncate(start);
            else first = false;
        }
    }

    bool Enter()
    {
        if (++_depth > Deepest || ++_steps > MostSteps) Text.Fail();
        return !Text.IsFull;
    }
}

sealed class ItaniumText(string text, string? baseName = null) : ItaniumNode
{
    public override void Left(ItaniumPrinter to) => to.Print(text);
    public override string? BaseName => baseName ?? text;
    /// <summary>Whether an operand needs no parentheses: a parameter.</summary>
    public bool IsSimple => text.StartsWith('{');
}

/// <summary>Parts one after the other, between them words: names in scopes, special names, expressions.</summary>
sealed class ItaniumSequence(string before, ItaniumNode a, string between = "", ItaniumNode? b = null, string after = "") : ItaniumNode
{
    public override void Left(ItaniumPrinter to)
    {
        to.Print(before);
        to.Both(a);
        to.Print(between);
        if (b is not null) to.Both(b);
        to.Print(after);
    }

    public override string? BaseName => b is null ? a.BaseName : b.BaseName;
}

sealed class ItaniumTemplate(ItaniumNode name, IReadOnlyList<ItaniumNode> arguments) : ItaniumNode
{
    public override void Left(ItaniumPrinter to)
    {
        to.Both(name);
        to.Print(to.Text.Last == '<' ? " <" : "<");
        to.List(arguments);
        to.Print(to.Text.Last == '>' ? " >" : ">");
    }

    public override string? BaseName => name.BaseName;
}

/// <summary>A list in an expression or an argument pack: its elements, or in an expansion the one at which it is.</summary>
sealed class ItaniumPack(IReadOnlyList<ItaniumNode> elements) : ItaniumNode
{
    /// <summary>The element at which an expansion is.</summary>
    public ItaniumNode? Current(ItaniumPrinter to)
    {
        to.PackCount = elements.Count;
        return to.PackIndex < elements.Count ? elements[to.PackIndex] : null;
    }

    public override void Left(ItaniumPrinter to)
    {
        if (to.PackIndex < 0) to.List(elements);
        else if (Current(to) is { } element) Alone(to, element, isLeft: true);
    }

    public override void Right(ItaniumPrinter to)
    {
        if (to.PackIndex >= 0 && Current(to) is { } element) Alone(to, element, isLeft: false);
    }

    // Packs inside of an element are whole.
    static void Alone(ItaniumPrinter to, ItaniumNode element, bool isLeft)
    {
        int index = to.PackIndex;
        to.PackIndex = -1;
        if (isLeft) to.Left(element);
        else to.Right(element);
        to.PackIndex = index;
    }
}

/// <summary>A pattern that is repeated for each element of the packs in it.</summary>
sealed class ItaniumExpansion(ItaniumNode pattern) : ItaniumNode
{
    public override void Left(ItaniumPrinter to)
    {
        (int index, int count) = (to.PackIndex, to.PackCount);
        int start = to.Text.Length;
        (to.PackIndex, to.PackCount) = (0, -1);
        to.Both(pattern);
        int elements = to.PackCount;
        if (elements == 0) to.Text.Truncate(start);
        else if (elements < 0) to.Print("...");
        for (to.PackIndex = 1; to.PackIndex < elements && !to.Text.IsFull; to.PackIndex++)
        {
            to.Print(", ");
            to.Both(pattern);
        }
        (to.PackIndex, to.PackCount) = (index, count);
    }
}

/// <summary>A pointer, a reference, or a pointer to a member.</summary>
sealed class ItaniumPointer(ItaniumNode target, string sign, ItaniumNode? owner = null) : ItaniumNode
{
    public ItaniumNode Target => target;
    public string Sign => sign;
    public override bool HasRight => target.HasRight;

    public override void Left(ItaniumPrinter to)
    {
        (ItaniumNode inner, string mark) = Collapsed(to);
        to.Left(inner);
        if (inner.IsAround) to.Print(to.Text.Last is '(' or ' ' or '*' ? "(" : " (");
        else if (owner is not null) to.Print(" ");
        if (owner is not null)
        {
            to.Both(owner);
            to.Print("::");
        }
        to.Print(mark);
    }

    public override void Right(ItaniumPrinter to)
    {
        ItaniumNode inner = Collapsed(to).Target;
        if (inner.IsAround) to.Print(")");
        to.Right(inner);
    }

    // A reference to an element of a pack that is a reference itself: && remains only of two of them.
    (ItaniumNode Target, string Sign) Collapsed(ItaniumPrinter to)
    {
        ItaniumNode inner = to.PackIndex >= 0 && target is ItaniumPack pack ? pack.Current(to) ?? target : target;
        return sign != "*" && inner is ItaniumPointer { Sign: "&" or "&&" } reference ? (reference.Target, sign == "&" ? "&" : reference.Sign) : (inner, sign);
    }
}

/// <summary>A type with words behind it: qualifiers.</summary>
sealed class ItaniumQualified(ItaniumNode type, string words) : ItaniumNode
{
    public override void Left(ItaniumPrinter to)
    {
        to.Left(type);
        to.Print(words);
    }

    public override void Right(ItaniumPrinter to) => to.Right(type);
    public override bool IsAround => type.IsAround;
    public override bool HasRight => type.HasRight;
}

sealed class ItaniumArray(ItaniumNode element, ItaniumNode? bound) : ItaniumNode
{
    public override bool IsAround => true;
    public override void Left(ItaniumPrinter to) => to.Left(element);

    public override void Right(ItaniumPrinter to)
    {
        to.Print(to.Text.Last == ']' ? "[" : " [");
        if (bound is not null) to.Both(bound);
        to.Print("]");
        to.Right(element);
    }
}

/// <summary>A function: with a name, a symbol's; without, a type.</summary>
sealed class ItaniumFunction(ItaniumNode? result, ItaniumNode? name, IReadOnlyList<ItaniumNode> parameters, string words) : ItaniumNode
{
    public override bool IsAround => name is null;
    /// <summary>The same without its result, as scopes are written.</summary>
    public ItaniumFunction AsScope => new(null, name, parameters, words);

    public override void Left(ItaniumPrinter to)
    {
        if (result is not null)
        {
            to.Left(result);
            if (!result.HasRight) to.Print(" ");
        }
        if (name is not null) to.Both(name);
    }

    public override void Right(ItaniumPrinter to)
    {
        to.Print("(");
        to.List(parameters);
        to.Print(")");
        to.Print(words);
        if (result is not null) to.Right(result);
    }
}

/// <summary>A template argument that is named before it is there, in the type of a conversion operator.</summary>
sealed class ItaniumForward(int index) : ItaniumNode
{
    ItaniumNode? _target;

    public void Resolve(List<ItaniumNode> arguments) => _target = index < arguments.Count ? arguments[index] : null;

    public override void Left(ItaniumPrinter to)
    {
        if (_target is null) to.Text.Fail();
        else to.Left(_target);
    }

    public override void Right(ItaniumPrinter to)
    {
        if (_target is not null) to.Right(_target);
    }
}
