import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize, sep } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import {
  CloseNotFound,
  CloseProtocol,
  type FeedMessage,
  FeedPath,
  type FeedResume,
  FeedSubprotocol,
  type Replay,
} from "../src/wire";
import { GraphShelf } from "./graphs";
import type { Play } from "./session";

const kinds: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

/** How a fixture server behaves. */
export interface Options {
  /** Folder of the built page; empty to serve none. */
  dist: string;
  /** Sessions by the id of their run. */
  plays: ReadonlyMap<string, Play>;
  /** What was measured of a run before it is watched, by the id of the run; left out, nothing was. */
  replays?: ReadonlyMap<string, Replay>;
  /** How much faster than recorded a session is played. */
  pace: number;
}

/** One session being played to all who watch it: as the real server, it keeps what is lossless for those who resume. */
class Stage {
  readonly #told: FeedMessage[] = [];
  readonly #watchers = new Set<WebSocket>();
  readonly #timers: NodeJS.Timeout[] = [];
  #tick: FeedMessage | null = null;
  #started = false;

  constructor(
    private readonly play: Play,
    private readonly pace: number,
  ) {}

  join(socket: WebSocket): void {
    send(socket, this.play.hello);
    socket.once("message", (data) => {
      const resume = JSON.parse(String(data)) as FeedResume;
      if (resume.type !== "resume") {
        socket.close(CloseProtocol, "the first message is resume");
        return;
      }
      this.#catchUp(socket, resume);
      this.#watchers.add(socket);
      this.#begin();
    });
    socket.on("close", () => this.#watchers.delete(socket));
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #catchUp(socket: WebSocket, { epoch, lastSeq }: FeedResume): void {
    const knows = epoch === this.play.hello.epoch && lastSeq >= this.play.snapshot.seq;
    if (!knows) send(socket, this.play.snapshot);
    const from = knows ? lastSeq : this.play.snapshot.seq;
    for (const message of this.#told) if (message.seq > from) send(socket, message);
    if (this.#tick !== null) send(socket, this.#tick);
  }

  #begin(): void {
    if (this.#started) return;
    this.#started = true;
    for (const { afterMs, message } of this.play.steps) {
      this.#timers.push(setTimeout(() => this.#tell(message), afterMs / this.pace));
    }
  }

  #tell(message: FeedMessage): void {
    if (message.type === "tick") this.#tick = message;
    else this.#told.push(message);
    for (const socket of this.#watchers) send(socket, message);
  }
}

function send(socket: WebSocket, message: FeedMessage): void {
  socket.send(JSON.stringify(message));
}

function answers({ plays, replays }: Options): ReadonlyMap<string, () => unknown> {
  const runs = [...plays.values()].map(({ snapshot }) => snapshot.run);
  const session = { user: "fixture", mode: "Local", namespace: "default", access: [], server: "fixture" };
  const known = new Map<string, () => unknown>([
    ["/api/session", () => session],
    ["/api/simulations", () => ({ items: runs })],
    ["/api/scenarios", () => ({ items: [] })],
  ]);
  for (const [id, { snapshot }] of plays) {
    const startedAt = snapshot.run.startedAt ?? snapshot.run.createdAt;
    const replay = replays?.get(id) ?? { snapshot, startedAt, seconds: [], series: [], total: {} };
    known.set(`/api/simulation/${encodeURIComponent(id)}/replay`, () => replay);
  }
  return known;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return body;
}

async function serveFile(dist: string, path: string, response: ServerResponse): Promise<void> {
  const wanted = extname(path) === "" ? "/index.html" : path;
  const file = normalize(join(dist, wanted));
  const body = file.startsWith(normalize(dist) + sep) ? await readFile(file).catch(() => null) : null;
  if (body === null) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": kinds[extname(file)] ?? "application/octet-stream",
    "content-security-policy": "default-src 'self'",
  });
  response.end(body);
}

/** A server for tests of the page: recorded sessions over the real protocol, and the built page. */
export class FixtureServer {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #stages: ReadonlyMap<string, Stage>;
  #away = false;

  constructor(options: Options) {
    const known = answers(options);
    const graphs = new GraphShelf();
    this.#stages = new Map([...options.plays].map(([id, play]) => [id, new Stage(play, options.pace)]));
    this.#http = createServer(async (request, response) => {
      const path = pathOf(request).pathname;
      const answer =
        known.get(path)?.() ?? graphs.answer(request.method ?? "GET", path, await bodyOf(request));
      if (answer !== undefined) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      } else if (path.startsWith("/api/") || options.dist === "") {
        response.writeHead(404, { "content-type": "application/problem+json" });
        response.end(
          JSON.stringify({ title: "Not Found", status: 404, detail: "the fixture does not play this" }),
        );
      } else void serveFile(options.dist, path, response);
    });
    this.#sockets = new WebSocketServer({
      server: this.#http,
      path: FeedPath,
      verifyClient: () => !this.#away,
      handleProtocols: (offered) => (offered.has(FeedSubprotocol) ? FeedSubprotocol : false),
    });
    this.#sockets.on("connection", (socket, request) => {
      const stage = this.#stages.get(pathOf(request).searchParams.get("simulationId") ?? "");
      if (stage === undefined) socket.close(CloseNotFound, "there is no such run");
      else stage.join(socket);
    });
  }

  /** Listens on the loopback address and resolves with the port. */
  listen(port = 0): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once("error", reject);
      this.#http.listen(port, "127.0.0.1", () => resolve((this.#http.address() as AddressInfo).port));
    });
  }

  /** Cuts every connection without a word, as a lost network does. */
  cut(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Cuts every connection and takes no other until it is back, however long a page takes to notice. */
  leave(): void {
    this.#away = true;
    this.cut();
  }

  comeBack(): void {
    this.#away = false;
  }

  /** Ends everything and resolves when it has ended. */
  close(): Promise<void> {
    for (const stage of this.#stages.values()) stage.stop();
    this.cut();
    this.#sockets.close();
    return new Promise((resolve) => {
      this.#http.close(() => resolve());
      this.#http.closeAllConnections();
    });
  }
}

function pathOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://fixture");
}
