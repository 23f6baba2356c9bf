//! `GET /`: a page to try a reply, and to see what gives it. It loads nothing from anywhere, and may not.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ids::Digest;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Server;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The page, allowed to run its own script and style by their digests and to talk to this server.
pub(super) async fn page(State(server): State<Arc<Server>>) -> Response {
    let source = |text: &str| format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()));
    let policy = format!(
        "default-src 'none'; img-src data:; script-src {}; style-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        source(SCRIPT),
        source(STYLE)
    );
    let body = render(&server).into_string();
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Digests in base64 are always a header value.
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn render(server: &Server) -> Markup {
    let release = &server.engine.loaded().release;
    let facts = [
        ("adapter", format!("{} version {}", release.adapter, release.adapter_version)),
        ("channel", format!("{}, release {}", release.channel, release.sequence)),
        ("base model", release.base_model.to_string()),
        ("training run", release.train_run.to_string()),
        ("evaluation", release.eval_run.to_string()),
        ("adapter digest", release.adapter_digest.to_string()),
        ("base digest", release.base_digest.to_string()),
        ("prompt digest", release.renderer_digest.to_string()),
        ("guard digest", release.guard_digest.to_string()),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "DougPT: " (release.adapter) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "What would chat say?" }
                    p.soft { "Replies come from " strong { (release.adapter) } ", on this machine." }
                }
                main {
                    form #ask {
                        label for="transcript" { "What the streamer just said" }
                        textarea #transcript rows="3" maxlength=(crate::TRANSCRIPT_LIMIT) required {}
                        label for="chat" { "Recent chat, one AUTHOR: TEXT a line (may stay empty)" }
                        textarea #chat rows="3" {}
                        button #send type="submit" { "Reply" }
                    }
                    section #answer .answer aria-live="polite" hidden {
                        p #said .said {}
                        p #detail .soft {}
                        div #lineage hidden {
                            p { "Where it came from (once the log is written, within seconds):" }
                            pre { code #command {} }
                        }
                    }
                    h2 { "What gives the replies" }
                    dl {
                        @for (name, value) in &facts {
                            dt { (name) }
                            dd { code { (value) } }
                        }
                    }
                    h2 { "For programs" }
                    p { "Any OpenAI client works with the base URL " code { "/v1" } " of this address; " code { "/v1/models" }
                        " tells the digests, " code { "/metrics" } " the numbers." }
                    pre { code {
                        "curl -s -H 'content-type: application/json' \\\n  -d '{\"transcript\": \"we are so back\"}' \\\n  http://HOST:PORT/v1/reply"
                    } }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}
