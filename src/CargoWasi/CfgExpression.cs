namespace CargoWasi;

/// <summary>Evaluates <c>cfg(...)</c> keys of Cargo's configuration against what <c>rustc --print cfg</c> says. Source: the Rust reference, conditional compilation.</summary>
ref struct CfgExpression
{
    const int MaxDepth = 64;
    readonly ReadOnlySpan<char> _text;
    readonly HashSet<string> _cfg;
    int _pos;

    CfgExpression(ReadOnlySpan<char> text, HashSet<string> cfg)
    {
        _text = text;
        _cfg = cfg;
    }

    /// <summary>Whether the expression holds; false for one that cannot be understood (Cargo itself will report it).</summary>
    /// <param name="key">With its <c>cfg(</c> and <c>)</c>.</param>
    /// <param name="cfg">Lines of <c>rustc --print cfg</c>: <c>unix</c>, <c>target_os="wasi"</c>.</param>
    public static bool Matches(string key, HashSet<string> cfg)
    {
        if (!key.StartsWith("cfg(", StringComparison.Ordinal) || !key.EndsWith(')')) return false;
        CfgExpression self = new(key.AsSpan(4, key.Length - 5), cfg);
        return self.Expression(0, out bool value) && self.AtEnd() && value;
    }

    bool AtEnd()
    {
        Space();
        return _pos == _text.Length;
    }

    void Space()
    {
        while (_pos < _text.Length && char.IsWhiteSpace(_text[_pos])) _pos++;
    }

    bool Take(char c)
    {
        Space();
        if (_pos >= _text.Length || _text[_pos] != c) return false;
        _pos++;
        return true;
    }

    bool Expression(int depth, out bool value)
    {
        value = false;
        if (depth > MaxDepth) return false;
        Space();
        int start = _pos;
        while (_pos < _text.Length && (char.IsLetterOrDigit(_text[_pos]) || _text[_pos] == '_')) _pos++;
        ReadOnlySpan<char> name = _text[start.._pos];
        if (name.IsEmpty) return false;
        if (Take('('))
        {
            bool all = true, any = false;
            int count = 0;
            while (!Take(')'))
            {
                if (!Expression(depth + 1, out bool item)) return false;
                count++;
                all &= item;
                any |= item;
                if (!Take(',') && _pos < _text.Length && _text[_pos] != ')') return false;
            }
            if (name is "not" && count != 1) return false;
            value = name switch { "all" => all, "any" => any, "not" => !any, _ => false };
            return name is "all" or "any" or "not";
        }
        if (Take('='))
        {
            if (!Take('"')) return false;
            int from = _pos, length = _text[from..].IndexOf('"');
            if (length < 0) return false;
            _pos = from + length + 1;
            value = _cfg.Contains($"{name}=\"{_text.Slice(from, length)}\"");
            return true;
        }
        value = name is "true" || _cfg.Contains(name.ToString());
        return true;
    }
}
