internal import Crypto
internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// The page for people: one document without anything from elsewhere.
///
/// Its policy allows the one script and the one style sheet that are in it, by their digests, and requests to this server.
/// Whatever a passage or a model says is put in as text, never as markup.
struct AskPage: Sendable {
    let response: Response

    init(hasModel: Bool) {
        let html = Self.html(hasModel: hasModel)
        let policy = [
            "default-src 'none'", "script-src \(Self.source(Self.script))", "style-src \(Self.source(Self.style))",
            "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
        response = Response(
            status: .ok,
            headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html))
        )
    }

    private static func source(_ text: String) -> String {
        "'sha256-\(Data(SHA256.hash(data: Array(text.utf8))).base64EncodedString())'"
    }

    private static func html(hasModel: Bool) -> String {
        let how =
            hasModel
            ? "Answers are written by a language model from passages of the book, which they cite."
            : "Answers are made of passages of the book, word for word. No language model is configured."
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Ask the textbook</title>
            <link rel="icon" href="data:,">
            <style>\(style)</style>
            </head>
            <body>
            <main>
            <h1>Ask the textbook</h1>
            <p><cite>Astronomy for Curious Beginners</cite>. \(how)</p>
            <form id="form">
            <label for="question">Your question</label>
            <textarea id="question" name="question" rows="2" maxlength="1000" required
             placeholder="How old are the rings of Saturn?"></textarea>
            <button type="submit">Ask</button>
            </form>
            <noscript><p>This page needs JavaScript; POST /chat answers without it.</p></noscript>
            <p id="status" role="status"></p>
            <section id="result" aria-labelledby="answer-title" hidden>
            <h2 id="answer-title" tabindex="-1">Answer</h2>
            <div id="answer"></div>
            <h2>Sources</h2>
            <ol id="sources"></ol>
            </section>
            </main>
            <script>\(script)</script>
            </body>
            </html>

            """
    }

    private static let style = """
        :root { color-scheme: light dark; font: 1.05rem/1.55 system-ui, sans-serif; }
        body { margin: 0; padding: 1.5rem; }
        main { max-width: 42rem; margin: 0 auto; }
        label { display: block; font-weight: 600; margin-bottom: .3rem; }
        textarea { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem; }
        button { font: inherit; padding: .45rem 1.2rem; margin-top: .5rem; }
        :focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
        #answer p { white-space: pre-line; }
        #sources li { margin-bottom: .8rem; }
        .where { font-size: .9rem; opacity: .85; }
        """

    private static let script = """
        "use strict";
        const form = document.getElementById("form");
        const field = document.getElementById("question");
        const button = form.querySelector("button");
        const status = document.getElementById("status");
        const result = document.getElementById("result");
        function element(name, text, className) {
          const node = document.createElement(name);
          node.textContent = text;
          if (className) node.className = className;
          return node;
        }
        function show(reply) {
          document.getElementById("answer").replaceChildren(
            ...reply.answer.split("\\n\\n").map((part) => element("p", part)));
          document.getElementById("sources").replaceChildren(...reply.sources.map((source) => {
            const item = element("li", "");
            item.value = source.number;
            item.append(element("strong", source.heading), element("div", source.title + " (" + source.path + ")", "where"),
              element("div", source.excerpt));
            return item;
          }));
          result.hidden = false;
          document.getElementById("answer-title").focus();
          const how = reply.mode === "model" ? "Written by the model " + reply.model + "." : "Made of passages of the book.";
          status.textContent = reply.fallback ? how + " The model was not used: " + reply.fallback.message + "." : how;
        }
        form.addEventListener("submit", async (event) => {
          event.preventDefault();
          const question = field.value.trim();
          if (!question) return;
          button.disabled = true;
          result.hidden = true;
          status.textContent = "Looking in the book…";
          try {
            const response = await fetch("/chat", {
              method: "POST",
              headers: { "Content-Type": "application/json" },
              body: JSON.stringify({ question }),
            });
            const reply = await response.json();
            if (response.ok) show(reply);
            else status.textContent = "No answer: " + reply.error.message + ". " + (reply.error.hint || "");
          } catch {
            status.textContent = "No answer: the chatbot cannot be reached.";
          } finally {
            button.disabled = false;
          }
        });
        field.addEventListener("keydown", (event) => {
          if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
        });
        """
}
