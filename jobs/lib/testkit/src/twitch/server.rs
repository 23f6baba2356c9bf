//! Takes requests, writes them down, lets faults have their way and answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::asked::{self, Asked, Book, Kind};
use super::chat::{self, Message};
use super::connection::Caller;
use super::fault::{self, Count, Fault, Question, Trouble};
use super::gql::{self, Facts};
use super::operations::{self, Operation};
use super::reply::Reply;
use super::scenario::{Quality, Scenario};
use super::segment::{self, Name};
use super::spoil::{self, Place};
use super::{playlist, usher};

/// The largest request anybody has reason to send.
const LARGEST_REQUEST: usize = 4 << 20;

/// What all requests share.
pub(super) struct World {
    pub(super) book: Arc<Book>,
    pub(super) origin: String,
    now: Mutex<Now>,
}

/// What [`super::Twitch::change`] can change, and what follows from it.
struct Now {
    scenario: Arc<Scenario>,
    chat: Arc<Vec<Message>>,
    counts: Vec<Count>,
    last_page: Option<Value>,
    serial: u64,
}

impl World {
    pub(super) fn new(scenario: Scenario, origin: String) -> World {
        let chat = Arc::new(chat::chat(&scenario));
        // Two servers do not give the same request ids either.
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let serial = since.map_or(0, |since| since.as_micros() as u64);
        let now = Now { scenario: Arc::new(scenario), chat, counts: Vec::new(), last_page: None, serial };
        World { book: Arc::new(Book::new()), origin, now: Mutex::new(now) }
    }

    pub(super) fn change(&self, edit: impl FnOnce(&mut Scenario)) {
        let mut now = super::lock(&self.now);
        let mut scenario = (*now.scenario).clone();
        edit(&mut scenario);
        if scenario.faults != now.scenario.faults {
            // Other rules count anew.
            now.counts.clear();
        }
        now.chat = Arc::new(chat::chat(&scenario));
        now.scenario = Arc::new(scenario);
        now.last_page = None;
    }

    pub(super) fn chat(&self) -> Arc<Vec<Message>> {
        super::lock(&self.now).chat.clone()
    }

    pub(super) fn scenario(&self) -> Arc<Scenario> {
        super::lock(&self.now).scenario.clone()
    }

    fn fire(&self, question: &Question) -> Vec<Fault> {
        let mut now = super::lock(&self.now);
        let scenario = now.scenario.clone();
        fault::fire(&scenario.faults, &mut now.counts, question)
    }

    fn answer(&self, operation: &Operation, authorized: bool, fault: Option<&Fault>) -> Value {
        let (scenario, chat, last_page, serial) = {
            let mut now = super::lock(&self.now);
            now.serial += 1;
            (now.scenario.clone(), now.chat.clone(), now.last_page.clone(), now.serial)
        };
        let facts = Facts { scenario: &scenario, chat: &chat, authorized, last_page, serial };
        let answer = gql::answer(&facts, operation, fault);
        let comments = &answer["data"]["video"]["comments"];
        if comments.is_object() {
            super::lock(&self.now).last_page = Some(comments.clone());
        }
        answer
    }
}

/// The service: every path goes to one handler, because nothing about the paths is worth a router.
pub(super) fn app(world: Arc<World>) -> Router {
    Router::new().fallback(handle).with_state(world)
}

/// A request that was read in whole.
struct Call<'a> {
    world: &'a World,
    scenario: Arc<Scenario>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    /// What every line in the book about it has in common.
    asked: Asked,
}

/// An answer, the lines in the book it belongs to, and the faults that fired.
struct Outcome {
    reply: Reply,
    lines: Vec<usize>,
    faults: Vec<Fault>,
}

async fn handle(
    State(world): State<Arc<World>>,
    ConnectInfo(Caller(line)): ConnectInfo<Caller>,
    request: Request,
) -> Response {
    let (flight, in_flight) = world.book.takes_off();
    let at_ms = world.book.now_ms();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_REQUEST).await.unwrap_or_default();
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        at_ms,
        in_flight,
        connection: line.number,
        ..asked::about(&parts.headers)
    };
    let scenario = world.scenario();
    let here = world.clone();
    // Segments may need ffmpeg first, which is no work for the threads that serve others.
    let worked = tokio::task::spawn_blocking(move || {
        let call = Call { world: &here, scenario, method: parts.method, uri: parts.uri, headers: parts.headers, asked };
        (call.outcome(&body), call.scenario.clone())
    });
    let (outcome, scenario) = match worked.await {
        Ok(worked) => worked,
        Err(panic) => return Reply::text(500, &format!("the fake service failed: {panic}")).send(flight, true),
    };
    let slow = outcome.faults.iter().filter(|fault| fault.kind == Trouble::Slow).map(|fault| fault.ms.unwrap_or(1000));
    let wait = scenario.latency_ms + slow.sum::<u64>();
    if wait > 0 {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    let reply = outcome.reply;
    let manner = spoil::manner(scenario.bandwidth, &outcome.faults, reply.body.len());
    let status = if manner.sends_nothing() { 0 } else { reply.status };
    for number in outcome.lines {
        world.book.answered(number, status, reply.body.len() as u64);
    }
    line.answer(manner);
    let sized = !outcome.faults.iter().any(|fault| fault.kind == Trouble::Unsized);
    reply.send(flight, sized)
}

impl Call<'_> {
    fn outcome(&self, body: &[u8]) -> Outcome {
        let path = self.uri.path().to_owned();
        if path == "/gql" && self.method == Method::POST {
            return self.gql(body);
        }
        let scenario = &self.scenario;
        if let Some((id, v2)) = usher_path(&path) {
            let kind = Kind::Master { v2 };
            return self.plain(kind, None, None, || usher::master(scenario, &self.uri, id, v2, &self.world.origin));
        }
        let Some((quality, file)) = self.media_path(&path) else {
            return self.plain(Kind::Other, None, None, || Reply::text(404, "404 page not found\n"));
        };
        if file == playlist::name(scenario) {
            return self.plain(Kind::Media, Some(quality), None, || match scenario.vod.exists {
                true => Reply::new(
                    200,
                    "application/vnd.apple.mpegurl",
                    playlist::text(scenario, quality, &self.world.origin),
                ),
                false => segment::denied(),
            });
        }
        if file == "init-0.mp4" {
            return self.plain(Kind::Init, Some(quality), None, || segment::init(scenario, quality));
        }
        match Name::parse(file, scenario.media.container) {
            Some(name) => {
                let kind = Kind::Segment { name: file.to_owned() };
                let range = self.asked.range.as_deref();
                self.plain(kind, Some(quality), Some(name.index), || {
                    segment::answer(scenario, quality, name, self.is_authorized(), range)
                })
            }
            None => self.plain(Kind::Other, Some(quality), None, segment::denied),
        }
    }

    /// Quality and file of a path in the VOD's folder.
    fn media_path<'p>(&self, path: &'p str) -> Option<(&Quality, &'p str)> {
        let (quality, file) =
            path.strip_prefix('/')?.strip_prefix(&self.scenario.folder())?.strip_prefix('/')?.split_once('/')?;
        let quality = self.scenario.media.qualities.iter().find(|known| known.id == quality)?;
        Some((quality, file))
    }

    fn is_authorized(&self) -> bool {
        let given = asked::header(&self.headers, "authorization");
        let valid = self.scenario.access.oauth_token.as_ref().map(|token| format!("OAuth {token}"));
        given.is_some() && given == valid
    }

    fn write(&self, kind: Kind) -> usize {
        self.world.book.write(Asked { kind, ..self.asked.clone() })
    }

    fn place(&self) -> Place<'_> {
        Place { uri: &self.uri, origin: &self.world.origin }
    }

    /// Everything but GQL.
    fn plain(
        &self,
        kind: Kind,
        quality: Option<&Quality>,
        index: Option<usize>,
        good: impl FnOnce() -> Reply,
    ) -> Outcome {
        let faults = self.world.fire(&Question {
            kind: &kind,
            cursor: false,
            client_id: self.asked.client_id.as_deref(),
            index,
            quality: quality.map(|quality| quality.id.as_str()),
        });
        let lines = vec![self.write(kind)];
        let reply = faults.iter().fold(good(), |reply, fault| spoil::content(reply, fault, &self.place()));
        Outcome { reply, lines, faults }
    }

    fn gql(&self, body: &[u8]) -> Outcome {
        let request: Value = serde_json::from_slice(body).unwrap_or_default();
        let batch = request.as_array().is_some();
        let requests = if batch { request.as_array().cloned().unwrap_or_default() } else { vec![request] };
        let operations: Option<Vec<Operation>> = requests.iter().map(Operation::read).collect();
        let Some(operations) = operations.filter(|operations| !operations.is_empty()) else {
            let kind = Kind::Gql { operation: operations::UNKNOWN.into(), variables: Value::Null, persisted: false };
            let reply = bad_request("The request is not a GQL operation.");
            return Outcome { reply, lines: vec![self.write(kind)], faults: Vec::new() };
        };
        let kinds: Vec<Kind> = operations.iter().map(kind).collect();
        let lines = kinds.iter().cloned().map(|kind| self.write(kind)).collect();
        if let Some(reply) = self.refusal() {
            return Outcome { reply, lines, faults: Vec::new() };
        }
        let mut all = Vec::new();
        let mut answers = Vec::new();
        for (operation, kind) in operations.iter().zip(&kinds) {
            let client_id = self.asked.client_id.as_deref();
            let question = Question { kind, cursor: operation.has_cursor(), client_id, index: None, quality: None };
            let faults = self.world.fire(&question);
            let told = faults.iter().find(|fault| spoil::is_told(fault.kind));
            answers.push(self.world.answer(operation, self.is_authorized(), told));
            all.extend(faults);
        }
        let body = if batch { Value::Array(answers) } else { answers.pop().unwrap_or_default() };
        let good = Reply::json(200, &body);
        let reply = all.iter().fold(good, |reply, fault| spoil::content(reply, fault, &self.place()));
        Outcome { reply, lines, faults: all }
    }

    /// What GQL says before it looks at the operation.
    fn refusal(&self) -> Option<Reply> {
        let known = &self.scenario.access.client_ids;
        match &self.asked.client_id {
            None => return Some(bad_request("The \"Client-ID\" header is missing from the request.")),
            Some(id) if !known.is_empty() && !known.contains(id) => {
                return Some(bad_request("The \"Client-ID\" header is invalid."));
            }
            Some(_) => {}
        }
        (self.asked.authorized && !self.is_authorized()).then(spoil::unauthorized)
    }
}

fn kind(operation: &Operation) -> Kind {
    Kind::Gql {
        operation: operation.name.clone(),
        variables: operation.variables.clone(),
        persisted: operation.hash.is_some(),
    }
}

fn bad_request(message: &str) -> Reply {
    Reply::json(400, &json!({"error": "Bad Request", "status": 400, "message": message}))
}

/// `/vod/v2/<id>.m3u8`, `/vod/<id>.m3u8` and `/vod/<id>`.
fn usher_path(path: &str) -> Option<(&str, bool)> {
    let rest = path.strip_prefix("/vod/")?;
    let (rest, v2) = rest.strip_prefix("v2/").map_or((rest, false), |rest| (rest, true));
    let id = rest.strip_suffix(".m3u8").unwrap_or(rest);
    (!id.contains('/')).then_some((id, v2))
}
