using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Hornet.Cli.Tests;

/// <summary>A page in a headless Chromium, driven through its developer tools protocol: evaluates, moves the mouse, takes pictures.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly string profile;
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource end = new(Patience);
    private string? session;
    private int last;

    private Browser(Process process, string profile) => (this.process, this.profile) = (process, profile);

    /// <summary>What the page has complained about: exceptions that no script caught.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Opens a file. The test is skipped by name where no browser can be had.</summary>
    public static async Task<Browser> Open(string file, int width, int height)
    {
        var profile = Directory.CreateTempSubdirectory("hornet-browser").FullName;
        var start = new ProcessStartInfo(Guest.Browser(),
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars", $"--user-data-dir={profile}", $"--window-size={width},{height}", "--remote-debugging-port=0", "about:blank"])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
        };
        var browser = new Browser(Process.Start(start)!, profile);
        try
        {
            await browser.Show(await Announced(browser), file, width, height);
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> Announced(Browser browser)
    {
        const string Announcement = "DevTools listening on ";
        string? line;
        do
            line = await browser.process.StandardError.ReadLineAsync(browser.end.Token);
        while (line is not null && !line.StartsWith(Announcement, StringComparison.Ordinal));
        Assert.True(line is not null, "the browser ended without a word");
        // What else it says must not fill the pipe.
        _ = browser.process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        _ = browser.process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        return line[Announcement.Length..];
    }

    private async Task Show(string address, string file, int width, int height)
    {
        await socket.ConnectAsync(new Uri(address), end.Token);
        var target = await Send("Target.createTarget", new() { ["url"] = "about:blank" });
        session = (string?)(await Send("Target.attachToTarget", new() { ["targetId"] = (string)target["targetId"]!, ["flatten"] = true }))["sessionId"];
        await Send("Runtime.enable", []);
        await Send("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await Send("Page.navigate", new() { ["url"] = new Uri(file).AbsoluteUri });
        while (await Evaluate("document.readyState + location.protocol") != "completefile:")
            await Task.Delay(20, end.Token);
    }

    /// <summary>The value of an expression as text.</summary>
    public async Task<string> Evaluate(string expression)
    {
        var answer = await Send("Runtime.evaluate", new() { ["expression"] = $"String({expression})" });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer["exceptionDetails"]?.ToJsonString()}");
        return (string)answer["result"]!["value"]!;
    }

    /// <summary>Moves the mouse to the middle of what an expression yields, as a user would; clicks where asked to.</summary>
    public async Task Point(string element, bool click = false)
    {
        var place = (await Evaluate($"(r => [r.x + Math.min(r.width, 200) / 2, r.y + r.height / 2])(({element}).getBoundingClientRect())")).Split(',').Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        foreach (var kind in click ? ["mouseMoved", "mousePressed", "mouseReleased"] : new[] { "mouseMoved" })
            await Send("Input.dispatchMouseEvent", new() { ["type"] = kind, ["x"] = place[0], ["y"] = place[1], ["button"] = kind == "mouseMoved" ? "none" : "left", ["clickCount"] = 1 });
        // What follows a scroll is drawn with the next frame.
        await Send("Runtime.evaluate", new() { ["expression"] = "new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))", ["awaitPromise"] = true });
    }

    /// <summary>A picture of the window as a PNG file's bytes.</summary>
    public async Task<byte[]> Picture() => Convert.FromBase64String((string)(await Send("Page.captureScreenshot", new() { ["format"] = "png" }))["data"]!);

    private async Task<JsonNode> Send(string method, JsonObject parameters)
    {
        var id = ++last;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters };
        if (session is not null)
            message["sessionId"] = session;
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, true, end.Token);
        while (true)
        {
            var answer = await Receive();
            if ((string?)answer["method"] == "Runtime.exceptionThrown")
                Errors.Add(answer["params"]!.ToJsonString());
            if ((int?)answer["id"] != id)
                continue;
            Assert.True(answer["error"] is null, $"{method}: {answer["error"]?.ToJsonString()}");
            return answer["result"]!;
        }
    }

    private async Task<JsonNode> Receive()
    {
        using var message = new MemoryStream();
        var part = new byte[1 << 16];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(part.AsMemory(), end.Token);
            message.Write(part, 0, received.Count);
        }
        while (!received.EndOfMessage);
        return JsonNode.Parse(message.ToArray())!;
    }

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        end.Dispose();
        try
        {
            Directory.Delete(profile, recursive: true);
        }
        catch (IOException)
        {
            // A process of the browser's is still at it; the system clears its folder.
        }
    }
}
