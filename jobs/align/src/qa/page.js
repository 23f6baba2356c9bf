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
      message.classList.toggle("now", number(message, "at") - offset() <= now);
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
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };

  for (const clip of clips) {
    const audio = clip.querySelector("audio");
    audio.addEventListener("play", () => {
      for (const other of clips) if (other !== clip) other.querySelector("audio").pause();
      show(clip);
    });
    audio.addEventListener("seeked", () => show(clip));
    clip.addEventListener("change", count);
  }
  slider.addEventListener("input", move);
  document.getElementById("reset").addEventListener("click", () => {
    slider.value = "0";
    move();
  });
  document.getElementById("save").addEventListener("click", save);
  move();
  count();
})();
