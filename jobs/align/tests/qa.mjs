// Judges a QA page in Chromium as a person does, by W3C WebDriver: node qa.mjs PAGE.html FOLDER. Prints what it saw as JSON;
// the page's own qa.json and a screenshot are in the folder afterwards.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [page, folder] = process.argv.slice(2).map((path) => resolve(path));
mkdirSync(folder, { recursive: true });
const driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "inherit"] });
const deadline = setTimeout(() => fail("the browser took more than two minutes"), 120_000);

function fail(reason) {
  console.error(reason);
  driver.kill();
  process.exit(1);
}
driver.on("error", (error) => fail(`chromedriver does not start (${error.message}); run ci/packages`));

const port = await new Promise((found) => {
  let said = "";
  driver.stdout.on("data", (bytes) => {
    said += bytes;
    const match = said.match(/on port (\d+)\./);
    if (match) found(match[1]);
  });
});

async function ask(method, path, body) {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (value?.error) throw new Error(`${path}: ${value.error}: ${value.message}`);
  return value;
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const quiet = ["no-first-run", "disable-background-networking", "disable-component-update", "disable-sync", "disable-quic"];
const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1200,1500", ...quiet.map((name) => `--${name}`)];
const options = { args: [...args, `--user-data-dir=${join(folder, "profile")}`], binary: "/usr/bin/chromium" };

try {
  const asked = { browserName: "chrome", "goog:chromeOptions": options };
  const { sessionId } = await ask("POST", "/session", { capabilities: { alwaysMatch: asked } });
  const at = `/session/${sessionId}`;
  const run = (script, ...values) => ask("POST", `${at}/execute/sync`, { script, args: values });
  const press = async (keys) => {
    const actions = [...keys].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await ask("POST", `${at}/actions`, { actions: [{ type: "key", id: "keyboard", actions }] });
  };
  const download = { behavior: "allow", downloadPath: folder };
  await ask("POST", `${at}/goog/cdp/execute`, { cmd: "Browser.setDownloadBehavior", params: download });
  await ask("POST", `${at}/url`, { url: pathToFileURL(page).href });

  const saw = await run(`
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.effectiveDirective));
    return {
      clips: document.querySelectorAll(".clip").length,
      images: document.querySelectorAll("img").length,
      waves: document.querySelectorAll(".wave").length,
      text: document.body.innerText.includes("<img src=x onerror=alert(1)>"),
    };`);
  // Play, and look at what is lit while it plays.
  await press(" ");
  saw.lit = 0;
  for (let look = 0; look < 30 && saw.lit === 0; look++) {
    await wait(200);
    saw.lit = await run(`return document.querySelectorAll(".word.now").length;`);
  }
  saw.played = await run(`return document.querySelector("audio").currentTime;`);
  saw.lines = await run(`return document.querySelectorAll(".message.now").length;`);
  writeFileSync(join(folder, "page.png"), Buffer.from(await ask("GET", `${at}/screenshot`), "base64"));
  await press(" ");

  await press("1"); // The first fits,
  await press("]]]"); // is a bit late,
  await press("4"); // the second is unrelated,
  await press("k2"); // and no: it is early.
  saw.judged = await run(`return document.getElementById("judged").textContent;`);

  // Nothing leaves the page.
  await run(`
    fetch("http://127.0.0.1:9/").catch(() => {});
    const image = document.createElement("img");
    image.src = "http://127.0.0.1:9/x.png";
    document.body.append(image);
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);`);
  await wait(300);
  saw.violations = await run(`return window.violations.sort();`);
  saw.ran = await run(`return window.ran ?? false;`);

  await press("s");
  const saved = join(folder, "qa.json");
  for (let look = 0; look < 50 && !existsSync(saved); look++) await wait(100);
  saw.saved = JSON.parse(readFileSync(saved, "utf8"));
  await ask("DELETE", at);
  console.log(JSON.stringify(saw));
} catch (error) {
  fail(error.stack);
}
clearTimeout(deadline);
driver.kill();
