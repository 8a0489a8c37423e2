import FlowHTTP
import Foundation

/// The page at `/`, one document without parts from elsewhere.
enum ChatPage {
    static func reply() -> HTTPReply {
        // Only the style and the script that carry this reply's number run.
        let nonce = (0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 16) }.joined()
        let policy = "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; connect-src 'self'; "
            + "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        let page = document.replacingOccurrences(of: "NONCE", with: nonce)
        return HTTPReply(
            type: "text/html; charset=utf-8",
            headers: [
                "Content-Security-Policy": policy, "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
                "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
                "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            ],
            body: .whole(Array(page.utf8)))
    }

    private static let document = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
        <meta name="color-scheme" content="light dark">
        <title>flowchat</title>
        <link rel="icon" href="data:,">
        <style nonce="NONCE">
        \(style)
        </style>
        </head>
        <body>
        \(body)
        <script nonce="NONCE">
        \(script)
        </script>
        </body>
        </html>
        """

    private static let body = #"""
        <header>
          <div class="bar">
            <h1>flowchat</h1>
            <p id="model" class="model">Connecting…</p>
            <button type="button" id="fresh" class="quiet">New chat</button>
            <button type="button" id="open" class="quiet" aria-expanded="false" aria-controls="settings">Settings</button>
          </div>
          <section id="settings" aria-label="Settings and model facts" hidden>
            <div class="fields">
              <label>Temperature <input id="temperature" type="number" min="0" max="2" step="0.1" value="0.8" inputmode="decimal"></label>
              <label>Most tokens <input id="limit" type="number" min="1" step="1" value="512" inputmode="numeric"></label>
              <label>Seed <input id="seed" type="number" step="1" placeholder="random" inputmode="numeric"></label>
              <label class="wide">System message <textarea id="system" rows="2" placeholder="Stands before the conversation"></textarea></label>
              <label class="wide" id="keyfield">API key <input id="key" type="password" autocomplete="off" placeholder="Only if the server asks for one"></label>
            </div>
            <dl id="facts"></dl>
          </section>
        </header>
        <main id="log" tabindex="0" aria-label="Conversation">
          <div id="empty" class="empty">
            <p class="big">Ask the model something.</p>
            <p><kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> begins a new line, <kbd>Esc</kbd> stops an answer.</p>
          </div>
        </main>
        <form id="form" class="composer">
          <label for="input" class="hidden">Message</label>
          <textarea id="input" rows="1" placeholder="Message" autocomplete="off" autofocus></textarea>
          <button type="submit" id="send">Send</button>
          <button type="button" id="stop" hidden>Stop</button>
        </form>
        <p id="status" class="status" role="status"></p>
        <div id="spoken" class="hidden" aria-live="polite"></div>
        """#

    private static let style = #"""
        :root {
          --back: #f6f5f2; --card: #ffffff; --text: #1d2126; --soft: #5d6570; --line: #d9d8d2; --accent: #0b6e63; --on-accent: #ffffff;
          --mine: #e2efec; --bad: #a3261c;
          font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #14171a; --card: #1d2226; --text: #e8eaec; --soft: #9aa4ad; --line: #333a40; --accent: #4fc3b2; --on-accent: #06211d;
            --mine: #18352f; --bad: #ff9a8f;
          }
        }
        * { box-sizing: border-box; }
        html, body { height: 100%; margin: 0; }
        body { display: flex; flex-direction: column; background: var(--back); color: var(--text); height: 100dvh; }
        [hidden] { display: none !important; }
        .hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
        header { border-bottom: 1px solid var(--line); background: var(--card); }
        .bar, #settings, .composer, .status { width: 100%; max-width: 48rem; margin: 0 auto; padding: .6rem 1rem; }
        .bar { display: flex; align-items: center; gap: .5rem .75rem; }
        h1 { font-size: 1.05rem; margin: 0; letter-spacing: -.01em; }
        .model { flex: 1; min-width: 0; margin: 0; color: var(--soft); font-size: .85rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        button { font: inherit; border-radius: .6rem; border: 1px solid transparent; padding: .5rem 1rem; min-height: 2.75rem; cursor: pointer;
          background: var(--accent); color: var(--on-accent); font-weight: 600; }
        button:disabled { opacity: .45; cursor: default; }
        button.quiet { background: transparent; color: var(--text); border-color: var(--line); font-weight: 500; font-size: .875rem; padding: .3rem .7rem; min-height: 2.25rem; white-space: nowrap; }
        button.quiet:hover { border-color: var(--soft); }
        #stop { background: var(--card); color: var(--bad); border-color: currentColor; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        #log:focus-visible { outline-offset: -3px; }
        #settings { padding-top: 0; max-height: 55dvh; overflow-y: auto; }
        .fields { display: grid; grid-template-columns: repeat(3, 1fr); gap: .6rem .75rem; }
        .fields label { font-size: .8rem; color: var(--soft); display: grid; gap: .2rem; min-width: 0; }
        .fields .wide { grid-column: 1 / -1; }
        input, textarea { font: inherit; font-size: 1rem; color: var(--text); background: var(--back); border: 1px solid var(--line); border-radius: .5rem; padding: .45rem .6rem; width: 100%; min-width: 0; }
        ::placeholder { color: var(--soft); opacity: 1; }
        #settings textarea { resize: vertical; }
        dl { display: grid; align-items: baseline; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .8rem 0 .2rem; font-size: .85rem; }
        dt { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        main { flex: 1; overflow-y: auto; scrollbar-gutter: stable both-edges; overscroll-behavior: contain; padding: 1rem max(1rem, calc((100% - 46rem) / 2)); scroll-behavior: auto; }
        .empty { height: 100%; display: grid; place-content: center; text-align: center; color: var(--soft); gap: .2rem; }
        .empty p { margin: 0; }
        .empty .big { font-size: 1.3rem; color: var(--text); }
        kbd { font: inherit; font-size: .85em; border: 1px solid var(--line); border-bottom-width: 2px; border-radius: .3rem; padding: .05rem .35rem; background: var(--card); }
        article { margin: 0 0 1.1rem; display: flex; flex-direction: column; align-items: flex-start; }
        article.user { align-items: flex-end; }
        article h2 { font-size: .75rem; font-weight: 600; color: var(--soft); margin: 0 0 .2rem; }
        .text { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 100%; min-height: 1.55em; }
        .user .text { background: var(--mine); border-radius: .9rem .9rem .2rem .9rem; padding: .5rem .8rem; max-width: 85%; }
        .assistant .text { background: var(--card); border: 1px solid var(--line); border-radius: .2rem .9rem .9rem .9rem; padding: .5rem .8rem; }
        .busy .text::after { content: ""; display: inline-block; width: .5em; height: 1.05em; vertical-align: -.15em; margin-left: .1em; background: var(--accent); animation: blink 1s steps(2) infinite; }
        @keyframes blink { 50% { opacity: 0; } }
        @media (prefers-reduced-motion: reduce) { .busy .text::after { animation: none; } }
        .foot { font-size: .8rem; color: var(--soft); margin: .1rem 0 0; font-variant-numeric: tabular-nums; display: flex; flex-wrap: wrap; align-items: center; gap: 0 .8rem; }
        .foot button { all: unset; cursor: pointer; padding: .35rem 0; text-decoration: underline; text-underline-offset: .15em; }
        .foot button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        .fault { color: var(--bad); }
        .composer { display: flex; gap: .6rem; align-items: flex-end; padding-bottom: .3rem; }
        .composer textarea { resize: none; max-height: 40dvh; background: var(--card); min-height: 2.75rem; border-radius: .8rem; padding: .6rem .8rem; }
        .status { padding-top: 0; padding-bottom: max(.6rem, env(safe-area-inset-bottom)); margin-bottom: 0; font-size: .8rem; color: var(--soft); min-height: 2.1em; }
        @media (max-width: 34rem) {
          .bar { flex-wrap: wrap; padding: .5rem .8rem; }
          h1 { flex: 1; }
          .model { order: 3; flex-basis: 100%; }
          main { padding: .8rem; }
          .fields { gap: .6rem .5rem; }
          .composer, .status, #settings { padding-left: .8rem; padding-right: .8rem; }
          .user .text { max-width: 92%; }
        }
        """#

    private static let script = #"""
        "use strict";
        const at = id => document.getElementById(id);
        const log = at("log"), input = at("input"), send = at("send"), stop = at("stop"), status = at("status");
        let messages = [], model = null, running = null, sent = [];

        try { at("key").value = sessionStorage.getItem("key") || ""; } catch { }

        const number = new Intl.NumberFormat("en");
        const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
        function bytes(count) {
          for (const [unit, size] of [["GB", 1e9], ["MB", 1e6], ["kB", 1e3]])
            if (count >= size) return (count / size).toFixed(count / size < 10 ? 1 : 0) + " " + unit;
          return count + " bytes";
        }

        function headers() {
          const all = { "Content-Type": "application/json" }, key = at("key").value.trim();
          if (key) all.Authorization = "Bearer " + key;
          return all;
        }

        async function fault(response) {
          try { return (await response.json()).error.message; } catch { return "the server answered " + response.status; }
        }

        async function facts() {
          try {
            const response = await fetch("/v1/models", { headers: headers() });
            if (response.status == 401) {
              at("model").textContent = "An API key is needed: see Settings";
              model = null;
              settings(true);
              if (document.activeElement == document.body || document.activeElement == input) at("key").focus();
              return;
            }
            if (!response.ok) throw Error(await fault(response));
            show((await response.json()).data[0]);
          } catch (error) {
            model = null;
            at("model").textContent = error instanceof TypeError ? "The server does not answer" : error.message;
          }
          state();
        }

        function show(data) {
          model = data.id;
          const m = data.meta;
          const parts = [data.id, short.format(m.parameters) + " parameters"];
          if (m.chain_height != null) parts.push("block " + number.format(m.chain_height));
          at("model").textContent = parts.join(" · ");
          at("model").title = at("model").textContent;
          document.title = data.id + " · flowchat";
          const rows = [
            ["Model", m.name ? data.id + " (" + m.name + ")" : data.id],
            ["Size", number.format(m.parameters) + " parameters, " + bytes(m.bytes)],
            ["Layers", m.layers + " of width " + m.embedding_length + (m.experts ? ", " + m.experts + " experts each, " + m.experts_per_token + " used" : "")],
            ["Context", number.format(m.context_length) + " tokens; a vocabulary of " + number.format(m.vocabulary_size)],
          ];
          if (m.chain_network) rows.push(["Chain", m.chain_network + ", block " + number.format(m.chain_height)]);
          if (m.chain_model_root) rows.push(["Model root", m.chain_model_root]);
          at("facts").replaceChildren(...rows.flatMap(([name, value]) => {
            const dt = document.createElement("dt"), dd = document.createElement("dd");
            dt.textContent = name; dd.textContent = value;
            return [dt, dd];
          }));
        }

        function settings(open) {
          at("settings").hidden = !open;
          at("open").setAttribute("aria-expanded", open);
        }

        function state() {
          send.hidden = !!running;
          stop.hidden = !running;
          send.disabled = !model || !input.value.trim();
          at("fresh").disabled = !messages.length && !running;
        }

        function grow() {
          input.style.height = "auto";
          input.style.height = input.scrollHeight + 2 + "px";
        }

        function add(role, text) {
          at("empty").hidden = true;
          const article = document.createElement("article");
          article.className = role;
          const title = document.createElement("h2"), body = document.createElement("div");
          title.textContent = role == "user" ? "You" : "Model";
          body.className = "text";
          body.textContent = text;
          article.append(title, body);
          log.append(article);
          log.scrollTop = log.scrollHeight;
          return article;
        }

        function foot(article, text, isFault) {
          article.querySelector(".foot")?.remove();
          const line = document.createElement("p"), words = document.createElement("span");
          line.className = "foot";
          words.textContent = text;
          if (isFault) words.className = "fault";
          line.append(words);
          article.append(line);
          return line;
        }

        function button(line, text, action) {
          const button = document.createElement("button");
          button.type = "button";
          button.textContent = text;
          button.addEventListener("click", action);
          line.append(button);
        }

        function request() {
          const system = at("system").value.trim();
          const body = {
            model, stream: true, stream_options: { include_usage: true },
            messages: system ? [{ role: "system", content: system }, ...messages] : messages,
          };
          const read = (id, name) => { if (at(id).value !== "" && at(id).validity.valid) body[name] = Number(at(id).value); };
          read("temperature", "temperature");
          read("limit", "max_tokens");
          read("seed", "seed");
          return body;
        }

        async function* events(response) {
          const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
          let rest = "";
          for (;;) {
            const { done, value } = await reader.read();
            if (done) return;
            const parts = (rest + value).split("\n\n");
            rest = parts.pop();
            for (const part of parts) {
              const data = part.replace(/^data: /, "");
              if (data == "[DONE]") return;
              yield JSON.parse(data);
            }
          }
        }

        async function answer() {
          log.querySelectorAll(".again").forEach(element => element.remove());
          const article = add("assistant", "");
          article.classList.add("busy");
          const body = article.querySelector(".text").appendChild(document.createTextNode(""));
          const abort = running = new AbortController();
          const start = performance.now();
          let text = "", first = 0, last = 0, pieces = 0, frame = 0, usage = null, reason = null, problem = null;
          // Once a frame, and only what is new: pieces may come far faster than a long text can be laid out.
          function draw() {
            frame = 0;
            const follows = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
            body.appendData(text.slice(body.length));
            if (follows) log.scrollTop = log.scrollHeight;
            if (last > first + 200 && !abort.signal.aborted) status.textContent = rate(pieces, last - first) + " · Esc stops";
          }
          status.textContent = "Reading the prompt… Esc stops.";
          state();
          try {
            const response = await fetch("/v1/chat/completions", {
              method: "POST", headers: headers(), body: JSON.stringify(request()), signal: abort.signal,
            });
            if (!response.ok) throw Error(await fault(response));
            for await (const event of events(response)) {
              if (event.error) throw Error(event.error.message);
              if (event.usage) usage = event.usage;
              const choice = event.choices[0];
              if (!choice) continue;
              if (choice.finish_reason) reason = choice.finish_reason;
              if (!choice.delta.content) continue;
              last = performance.now();
              first ||= last;
              pieces++;
              text += choice.delta.content;
              frame ||= requestAnimationFrame(draw);
            }
            if (!reason) throw Error("the answer broke off");
          } catch (error) {
            if (!abort.signal.aborted) problem = error instanceof TypeError ? "the server does not answer" : error.message;
          }
          const end = performance.now();
          cancelAnimationFrame(frame);
          draw();
          article.classList.remove("busy");
          if (running == abort) running = null;
          if (!article.isConnected) return state();
          const parts = [];
          if (usage) {
            parts.push(number.format(usage.completion_tokens) + " tokens");
            // Below that most pieces came in one read, and the quotient says nothing of the model.
            if (first && usage.completion_tokens > 1 && end > first + 100) parts.push(rate(usage.completion_tokens - 1, end - first));
            if (first) parts.push("first after " + ((first - start) / 1000).toFixed(2) + " s");
            if (reason == "length") parts.push("cut at the limit");
          }
          if (abort.signal.aborted) parts.push("stopped");
          if (problem) parts.push("Failed: " + problem);
          if (!text && !problem && !abort.signal.aborted) parts.push("an empty answer");
          const line = foot(article, parts.join(" · "), problem);
          if (text) {
            messages.push({ role: "assistant", content: text });
            if (navigator.clipboard) button(line, "Copy", async () => {
              await navigator.clipboard.writeText(text);
              status.textContent = "Copied.";
            });
          }
          button(line, "Again", () => {
            if (running) return;
            if (text) messages.pop();
            article.remove();
            input.focus();
            answer();
          });
          line.lastChild.className = "again";
          if (log.scrollHeight - log.scrollTop - log.clientHeight < 120) log.scrollTop = log.scrollHeight;
          status.textContent = problem ? "Failed: " + problem : abort.signal.aborted ? "Stopped." : "";
          at("spoken").textContent = text;
          state();
        }

        function rate(tokens, time) {
          const perSecond = tokens / time * 1000;
          return (perSecond < 10 ? perSecond.toFixed(1) : number.format(Math.round(perSecond))) + " tokens/s";
        }

        function submit() {
          const text = input.value.trim();
          if (!text || running || !model) return;
          if (messages.at(-1)?.role == "user") messages.pop();
          sent.push(text);
          messages.push({ role: "user", content: text });
          add("user", text);
          input.value = "";
          grow();
          input.focus();
          answer();
        }

        at("form").addEventListener("submit", event => { event.preventDefault(); submit(); });
        input.addEventListener("input", () => { grow(); state(); });
        input.addEventListener("keydown", event => {
          if (event.isComposing) return;
          if (event.key == "Enter" && !event.shiftKey && !event.altKey && !event.ctrlKey && !event.metaKey) {
            event.preventDefault();
            submit();
          } else if (event.key == "ArrowUp" && !input.value && sent.length) {
            event.preventDefault();
            input.value = sent.at(-1);
            grow();
            state();
          }
        });
        document.addEventListener("keydown", event => {
          if (event.key != "Escape") return;
          if (running) running.abort();
          else if (!at("settings").hidden) { settings(false); at("open").focus(); }
        });
        stop.addEventListener("click", () => { running?.abort(); input.focus(); });
        at("open").addEventListener("click", () => settings(at("settings").hidden));
        at("fresh").addEventListener("click", () => {
          running?.abort();
          messages = [];
          log.querySelectorAll("article").forEach(element => element.remove());
          at("empty").hidden = false;
          at("spoken").textContent = "";
          status.textContent = "";
          input.focus();
          state();
        });
        at("key").addEventListener("change", () => {
          try { sessionStorage.setItem("key", at("key").value.trim()); } catch { }
          facts();
        });
        facts();
        setInterval(() => { if (!document.hidden && !running && (model || at("key").value || at("settings").hidden)) facts(); }, 10000);
        """#
}
