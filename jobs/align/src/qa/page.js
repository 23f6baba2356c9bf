"use strict";
// Plays, moves and keeps what a person says. It makes no elements and reads no text, so nothing written can run.
(() => {
  const main = document.querySelector("main");
  const slider = document.getElementById("offset");
  const moved = document.getElementById("moved");
  const judged = document.getElementById("judged");
  const clips = [...document.querySelectorAll(".clip")];
  const offset = () => Number(slider.value);
  const number = (element, name) => Number(element.dataset[name]);

  // Chat scrolls by itself, so that the line that is new is in sight; the page does not.
  const follow = (message) => {
    const box = message.closest(".chatter");
    const below = message.offsetTop + message.offsetHeight - box.offsetTop;
    if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
  };

  const show = (clip) => {
    const audio = clip.querySelector("audio");
    const length = number(clip, "to") - number(clip, "from");
    const now = audio.currentTime * 1000;
    const x = String(Math.min(now / length, 1) * 1000);
    const head = clip.querySelector(".head");
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    clip.querySelector(".chat").setAttribute("transform", `translate(${(-offset() / length) * 1000} 0)`);
    clip.classList.toggle("playing", now > 0);
    for (const word of clip.querySelectorAll(".word")) {
      const age = now - number(word, "at");
      word.classList.toggle("now", now > 0 && age >= 0 && age < 500);
    }
    for (const message of clip.querySelectorAll(".message")) {
      const written = number(message, "at") - offset() <= now;
      if (written && !audio.paused && !message.classList.contains("now")) follow(message);
      message.classList.toggle("now", written);
    }
    if (!audio.paused) requestAnimationFrame(() => show(clip));
  };

  const move = () => {
    const seconds = offset() / 1000;
    moved.value = `${seconds > 0 ? "+" : seconds < 0 ? "−" : "±"}${Math.abs(seconds).toFixed(1)} s`;
    clips.forEach(show);
  };

  const choice = (clip) => clip.querySelector("input:checked");

  const count = () => {
    for (const clip of clips) clip.classList.toggle("judged", choice(clip) !== null);
    judged.textContent = `${clips.filter(choice).length} of ${clips.length} judged`;
  };

  // Whether something was judged since it was saved: leaving the page then asks first.
  let unsaved = false;
  const judge = () => {
    unsaved = true;
    count();
  };

  const save = () => {
    const verdicts = {
      format: main.dataset.format,
      vod: main.dataset.vod,
      run_id: main.dataset.run,
      lag_ms: number(main, "lag"),
      offset_ms: offset(),
      clips: clips.filter(choice).map((clip) => ({
        from_ms: number(clip, "from"),
        to_ms: number(clip, "to"),
        kind: clip.dataset.kind,
        verdict: choice(clip).value,
      })),
    };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(verdicts, null, 2) + "\n"], { type: "application/json" }));
    link.download = "qa.json";
    link.click();
    unsaved = false;
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const clip of clips) {
    const audio = clip.querySelector("audio");
    audio.addEventListener("play", () => {
      for (const other of clips) if (other !== clip) other.querySelector("audio").pause();
      show(clip);
    });
    audio.addEventListener("seeked", () => show(clip));
    clip.addEventListener("change", judge);
  }
  // The piece that keys are about.
  let current = 0;
  const go = (to, scroll = true) => {
    current = Math.max(0, Math.min(clips.length - 1, to));
    clips.forEach((clip, index) => clip.classList.toggle("current", index === current));
    if (scroll && clips[current]) clips[current].scrollIntoView({ block: "center" });
  };

  const toggle = (audio) => (audio.paused ? audio.play() : audio.pause());

  const press = (event) => {
    const clip = clips[current];
    const typing = event.target.matches("input[type=range], audio, button");
    if (!clip || event.ctrlKey || event.metaKey || event.altKey || (typing && event.key === " ")) return;
    const choices = clip.querySelectorAll("input[type=radio]");
    const slide = (by) => {
      slider.value = String(offset() + by);
      move();
    };
    const keys = {
      " ": () => toggle(clip.querySelector("audio")),
      j: () => go(current + 1),
      k: () => go(current - 1),
      "[": () => slide(-100),
      "]": () => slide(100),
      s: save,
    };
    const chosen = choices[Number(event.key) - 1];
    if (chosen) {
      chosen.checked = true;
      judge();
      clip.querySelector("audio").pause();
      go(current + 1);
    } else if (keys[event.key]) keys[event.key]();
    else return;
    event.preventDefault();
  };

  document.addEventListener("keydown", press);
  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });
  clips.forEach((clip, index) => clip.addEventListener("pointerdown", () => go(index, false)));
  slider.addEventListener("input", move);
  document.getElementById("reset").addEventListener("click", () => {
    slider.value = "0";
    move();
  });
  document.getElementById("save").addEventListener("click", save);
  move();
  count();
  go(0, false);
})();
