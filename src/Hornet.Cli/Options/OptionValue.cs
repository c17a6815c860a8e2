using System.Globalization;
using System.Net;

namespace Hornet.Cli.Options;

/// <summary>What stands behind the equals sign of an option, by kind. Each throws a <see cref="UsageException"/> that says what was expected.</summary>
internal static class OptionValue
{
    public static bool Flag(string option, string? value) => value switch
    {
        null or "y" or "yes" or "true" or "1" => true,
        "n" or "no" or "false" or "0" => false,
        _ => throw Expected(option, value, "y or n"),
    };

    /// <summary>One of a few words.</summary>
    public static string Choice(string option, string? value, params string[] words) =>
        value is not null && words.Contains(value) ? value : throw Expected(option, value, string.Join(" or ", words));

    public static ulong Number(string option, string? value) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Expected(option, value, "a whole number");

    public static int Count(string option, string? value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Expected(option, value, "a whole number below 2147483648");

    /// <summary>Bytes: a whole number, or one with k, m or g (powers of 1024).</summary>
    public static long Size(string option, string? value)
    {
        var digits = value.AsSpan();
        var shift = digits.IsEmpty ? 0 : char.ToLowerInvariant(digits[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        if (shift != 0)
            digits = digits[..^1];
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= long.MaxValue >> shift
            ? number << shift
            : throw Expected(option, value, "a size in bytes such as 65536, 64k or 1g");
    }

    /// <summary>A time: a number of seconds, or with ns, us, ms, s, m, h.</summary>
    public static TimeSpan Duration(string option, string? value)
    {
        var text = value ?? "";
        var digits = text.TrimEnd("numsh".ToCharArray());
        double seconds = text[digits.Length..] switch { "ns" => 1e-9, "us" => 1e-6, "ms" => 1e-3, "s" or "" => 1, "m" => 60, "h" => 3600, _ => 0 };
        return seconds > 0 && double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
            && number * seconds is > 0 and < 1e9 and var total
            ? TimeSpan.FromSeconds(total)
            : throw Expected(option, value, "a time such as 500ms, 2s or 1.5m");
    }

    /// <summary>An address and a port.</summary>
    public static IPEndPoint EndPoint(string option, string? value) =>
        value is not null && IPEndPoint.TryParse(value, out var point) && value.LastIndexOf(':') > value.LastIndexOf(']') ? point : throw Expected(option, value, "an address and a port such as 127.0.0.1:8080");

    private static UsageException Expected(string option, string? value, string what) =>
        new(value is null ? $"{option} needs a value: {what}" : $"{option}: expected {what}, not '{value}'");
}
