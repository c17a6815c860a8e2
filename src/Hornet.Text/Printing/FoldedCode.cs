using System.Runtime.InteropServices;
using Hornet.Wasm;

namespace Hornet.Text.Printing;

/// <summary>
/// A body as folded instructions: the operators become trees (an operator takes those before it that leave one value each, as
/// many as it has operands), the trees are printed. Neither recurses with the depth of the code.
/// </summary>
sealed class FoldedCode
{
    const int OneLine = 80;

    /// <summary>An operator or a part of a block: its text, children, next sibling. <see cref="Values"/>: results that a parent may take.</summary>
    struct Node
    {
        public int TextStart, TextEnd, FirstChild, LastChild, Next, Width, Values;
        public bool IsBlock;
        /// <summary>A branch hint: 0 none, else one more than it.</summary>
        public byte Hint;
    }

    /// <summary>An open block: its node, where its operators begin on the stack, the part that they belong to (-1: the block itself).</summary>
    readonly record struct Frame(int Node, int Base, int Part, int Results, int LabelArity);

    readonly List<Node> _nodes = [];
    readonly List<int> _stack = [];
    readonly List<Frame> _frames = [];
    readonly TextBuffer _text = new(null);

    public void Print(ref ModulePrinter printer, OperatorReader reader, int indent)
    {
        Build(ref printer, reader);
        foreach (int root in _stack) Write(printer.Target, root, indent);
    }

    Span<Node> Nodes => CollectionsMarshal.AsSpan(_nodes);

    void Build(ref ModulePrinter printer, OperatorReader reader)
    {
        Operator op = default;
        ModuleEnvironment env = printer.Environment;
        while (true)
        {
            reader.Read(ref op);
            switch (op.Op)
            {
                case Op.End:
                    if (_frames.Count == 0) return;
                    printer.CaptureEnd(_text, op, reader);
                    CloseBlock(_frames[^1].Results);
                    break;
                case Op.Delegate:
                    int handler = Add(ref printer, op, reader);
                    ClosePart();
                    Append(_frames[^1].Node, handler);
                    _frames[^1] = _frames[^1] with { Part = -1, Base = _stack.Count };
                    CloseBlock(_frames[^1].Results);
                    break;
                case Op.Else or Op.Catch or Op.CatchAll:
                    ClosePart();
                    OpenPart(Add(ref printer, op, reader));
                    break;
                case Op.Block or Op.Loop or Op.TryTable or Op.If or Op.Try:
                    OpenBlock(ref printer, op, reader, env);
                    break;
                default:
                    (int operands, int results) = op.Op switch
                    {
                        Op.Br => (LabelArity(op.A), 0),
                        Op.Return => (_frames.Count == 0 ? 1 : LabelArity((uint)_frames.Count), 0),
                        _ => OperatorArity.Of(op, env),
                    };
                    int node = Add(ref printer, op, reader);
                    Take(node, operands);
                    Push(node, results);
                    break;
            }
        }
    }

    int LabelArity(uint depth) => depth < (uint)_frames.Count ? _frames[_frames.Count - 1 - (int)depth].LabelArity : 1;

    int Add(ref ModulePrinter printer, in Operator op, in OperatorReader reader)
    {
        int start = _text.Length;
        printer.Capture(_text, op, reader);
        int node = Add(start);
        Nodes[node].Hint = printer.HintAt(op.Offset);
        return node;
    }

    int Add(int textStart)
    {
        _nodes.Add(new() { TextStart = textStart, TextEnd = _text.Length, FirstChild = -1, LastChild = -1, Next = -1, Width = _text.Length - textStart + 3 });
        return _nodes.Count - 1;
    }

    void Append(int parent, int child)
    {
        Span<Node> nodes = Nodes;
        if (nodes[parent].FirstChild < 0) nodes[parent].FirstChild = child;
        else nodes[nodes[parent].LastChild].Next = child;
        nodes[parent].LastChild = child;
        nodes[parent].Width = Math.Min(nodes[parent].Width + nodes[child].Width, 1 << 20);
        if (nodes[child].IsBlock) nodes[parent].Width = 1 << 20;
    }

    // The last nodes that leave one value each become operands.
    void Take(int node, int most)
    {
        int floor = _frames.Count == 0 ? 0 : _frames[^1].Base, from = _stack.Count;
        while (from > floor && _stack.Count - from < most && Nodes[_stack[from - 1]].Values == 1) from--;
        for (int i = from; i < _stack.Count; i++) Append(node, _stack[i]);
        _stack.RemoveRange(from, _stack.Count - from);
    }

    void Push(int node, int values)
    {
        Nodes[node].Values = values;
        _stack.Add(node);
    }

    void OpenBlock(ref ModulePrinter printer, in Operator op, in OperatorReader reader, ModuleEnvironment env)
    {
        int node = Add(ref printer, op, reader);
        Nodes[node].IsBlock = true;
        if (op.Op == Op.If) Take(node, 1);
        int results = OperatorArity.OfBlock(op.BlockType, env, parameters: false);
        _frames.Add(new(node, _stack.Count, -1, results, op.Op == Op.Loop ? OperatorArity.OfBlock(op.BlockType, env, parameters: true) : results));
        if (op.Op is not (Op.If or Op.Try)) return;
        int start = _text.Length;
        _text.Write(op.Op == Op.If ? "then"u8 : "do"u8);
        OpenPart(Add(start));
    }

    void OpenPart(int node)
    {
        Nodes[node].IsBlock = true;
        if (_frames.Count > 0) _frames[^1] = _frames[^1] with { Part = node, Base = _stack.Count };
    }

    // What the block's operators have left becomes children of the part, or of the block.
    void ClosePart()
    {
        if (_frames.Count == 0) return;
        Frame frame = _frames[^1];
        int parent = frame.Part >= 0 ? frame.Part : frame.Node;
        for (int i = frame.Base; i < _stack.Count; i++) Append(parent, _stack[i]);
        _stack.RemoveRange(frame.Base, _stack.Count - frame.Base);
        if (frame.Part >= 0) Append(frame.Node, frame.Part);
    }

    void CloseBlock(int results)
    {
        ClosePart();
        int node = _frames[^1].Node;
        _frames.RemoveAt(_frames.Count - 1);
        Push(node, results);
    }

    void Write(TextBuffer to, int root, int indent)
    {
        Stack<(int Node, int Indent, bool Close)> work = new();
        work.Push((root, indent, false));
        while (work.TryPop(out var item))
        {
            Node node = Nodes[item.Node];
            if (item.Close)
            {
                to.Write(')');
                if (node.Next >= 0 && item.Indent > indent) work.Push((node.Next, item.Indent, false));
                continue;
            }
            to.Line(item.Indent);
            if (!node.IsBlock && node.Width <= OneLine)
            {
                WriteOnOneLine(to, item.Node);
                if (node.Next >= 0 && item.Indent > indent) work.Push((node.Next, item.Indent, false));
                continue;
            }
            Open(to, node);
            work.Push((item.Node, item.Indent, true));
            if (node.FirstChild >= 0) work.Push((node.FirstChild, item.Indent + 1, false));
        }
    }

    void Open(TextBuffer to, in Node node)
    {
        if (node.Hint > 0) to.Write(ModulePrinter.HintText(node.Hint));
        to.Write('(');
        to.Write(_text.Written[node.TextStart..node.TextEnd]);
    }

    // At most eighty characters, so that this recursion is shallow.
    void WriteOnOneLine(TextBuffer to, int root)
    {
        Node node = Nodes[root];
        Open(to, node);
        for (int child = node.FirstChild; child >= 0; child = Nodes[child].Next)
        {
            to.Write(' ');
            WriteOnOneLine(to, child);
        }
        to.Write(')');
    }
}
