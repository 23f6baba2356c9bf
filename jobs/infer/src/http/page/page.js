"use strict";
const element = (id) => document.getElementById(id);
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
  const found = /^(\S+): (.+)$/.exec(line);
  return found ? { author: found[1], text: found[2] } : { text: line };
});
element("ask").addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = element("send");
  button.disabled = true;
  element("answer").hidden = false;
  element("said").textContent = "…";
  element("detail").textContent = "";
  element("lineage").hidden = true;
  try {
    const body = { transcript: element("transcript").value, chat: lines(element("chat").value) };
    const response = await fetch("v1/reply", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error.message);
    element("said").textContent = answer.refused ? "(the guard let no reply pass)" : answer.reply;
    element("detail").textContent =
      `${answer.prompt_tokens} + ${answer.reply_tokens} tokens, seed ${answer.seed}, guard ` +
      `${answer.guard_input.action} / ${answer.guard_output ? answer.guard_output.action : "-"}`;
    if (answer.reply_id) {
      element("lineage").hidden = false;
      element("command").textContent = `audit lineage ${answer.reply_id}`;
    }
  } catch (error) {
    element("said").textContent = `No reply: ${error.message}`;
  } finally {
    button.disabled = false;
  }
});
