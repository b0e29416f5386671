// A cluster whose API server refuses a namespace, and then does not answer: whoever looks at the
// page sees it, on the empty one, at home and at a run; and no more once it is over.
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Chromium, keep_watch } from "./support/browser";
import { axe_breaches, sideways } from "./support/page";
import { free_port, Server } from "./support/server";

const kWait = { timeout: 60_000, interval: 50 };
const kKfp = "https://kf.example/pipeline";

// As much of an API server as a reader of two namespaces meets: one workflow in "open", nothing in
// "shut" but a refusal.
class ApiServer {
  private server = createServer();
  private refuses = true;
  constructor(readonly port: number) {}

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      const url = new URL(request.url!, "http://cluster");
      const [, space, kind] = /namespaces\/(\w+)\/(\w+)$/.exec(url.pathname)!;
      this.answer(response, space!, kind!, url.searchParams.has("watch"));
    });
    this.server.listen(this.port, "127.0.0.1");
    await once(this.server, "listening");
  }
  async stop(): Promise<void> {
    const closed = once(this.server, "close");
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
  open_all(): void {
    this.refuses = false;
  }

  private answer(
    response: ServerResponse,
    space: string,
    kind: string,
    watch: boolean,
  ): void {
    if (space === "shut" && this.refuses) {
      const message = `${kind} is forbidden in the namespace "shut"`;
      response
        .writeHead(403)
        .end(JSON.stringify({ kind: "Status", code: 403, message }));
    } else if (watch) {
      response.writeHead(200).flushHeaders(); // and says nothing
    } else {
      const items = space === "open" && kind === "workflows" ? [kWorkflow] : [];
      response
        .writeHead(200)
        .end(JSON.stringify({ metadata: { resourceVersion: "7" }, items }));
    }
  }
}
const kWorkflow = {
  kind: "Workflow",
  metadata: {
    name: "train-x7",
    namespace: "open",
    uid: "u-1",
    resourceVersion: "5",
    labels: { "pipeline/runid": "run-1" },
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  spec: {
    entrypoint: "main",
    templates: [{ name: "main", container: { image: "x" } }],
  },
  status: { phase: "Running", startedAt: "2026-01-01T00:00:00Z" },
};

const folder = mkdtempSync(`${tmpdir()}/telltale-sources-`);
let cluster: ApiServer;
let server: Server;
let chromium: Chromium;

beforeAll(async () => {
  cluster = new ApiServer(await free_port());
  const config = `${folder}/kubeconfig`;
  writeFileSync(
    config,
    JSON.stringify({
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "harbour", user: "u" } }],
      clusters: [
        {
          name: "harbour",
          cluster: { server: `http://127.0.0.1:${cluster.port}` },
        },
      ],
      users: [{ name: "u", user: { token: "secret-of-the-cluster" } }],
    }),
  );
  process.env.KUBECONFIG = config;
  server = await Server.start(
    "sources",
    "--source",
    `kubernetes:?namespace=open,shut&kfp=${kKfp}`,
  );
  chromium = await Chromium.start();
});
afterAll(async () => {
  delete process.env.KUBECONFIG;
  await server?.stop();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});
keep_watch(() => chromium);

test("a cluster that cannot be read is said wherever its runs are looked at", async () => {
  const home = await chromium.open(server.url);
  const silent = home.page.getByText(/No news of harbour \/ open, shut since/);
  await silent.waitFor(); // it does not answer yet, and the server is ready all the same
  await home.page
    .getByText(/The API server does not answer/)
    .first()
    .waitFor();
  await home.page.getByText("harbour (open, shut)").waitFor();

  await cluster.start();
  const row = home.page.locator("tr[data-run]").filter({ hasText: "train-x7" });
  await row.waitFor();
  await expect.poll(() => silent.count(), kWait).toBe(0);
  const refused = home.page.getByText(/No news of harbour \/ shut since/);
  await refused.waitFor();
  await home.page.getByText(/workflows\/shut may not be read/).waitFor();
  expect(await axe_breaches(home.page)).toEqual([]);

  const key = await row.getAttribute("data-run");
  const run = await chromium.open(`${server.url}/runs/${key}`);
  await run.page.getByRole("heading", { name: "train-x7" }).waitFor();
  const link = run.page.getByRole("link", { name: /In Kubeflow/ });
  await expect
    .poll(() => link.first().getAttribute("href"), kWait)
    .toBe(`${kKfp}/#/runs/details/run-1`);
  expect(await run.page.getByText(/No news of/).count()).toBe(0); // nothing of its namespace

  await cluster.stop();
  await run.page
    .getByText(/No news of harbour \/ open since/)
    .first()
    .waitFor();
  await run.page.setViewportSize({ width: 390, height: 844 });
  expect(await sideways(run.page)).toBe(0);
  cluster.open_all();
  await cluster.start();
  for (const { page } of [home, run])
    await expect
      .poll(() => page.getByText(/No news of/).count(), kWait)
      .toBe(0);
  expect([home.loads, run.loads]).toEqual([1, 1]);
  // Who the server is to its cluster is nobody's business.
  const told = await (await fetch(`${server.url}/api/v1/sources`)).text();
  expect(told).not.toContain("secret-of-the-cluster");
});
