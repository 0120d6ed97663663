"use strict";
(() => {
  const { plot, moments } = JSON.parse(document.getElementById("data").textContent);
  const box = document.getElementById("moment");
  const time = document.getElementById("time");
  if (!box || !time || moments.length === 0) return;
  const chart = document.getElementById("chart");
  const cursor = document.getElementById("cursor");
  const rows = [...document.querySelectorAll("#moments tbody tr")];

  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const row = (name, cells) => {
    const made = element("tr");
    cells.forEach((cell, at) => made.append(element(name, cell, at > 0 && at < 7 ? "n" : "")));
    return made;
  };

  const show = (at) => {
    const moment = moments[at];
    time.value = at;
    const head = element("h3");
    head.append(element("i", "", moment.level), `${moment.at}  ${moment.verdict} `, element("small", moment.time));
    const parts = [`${moment.threads} threads in ${moment.processes} ${moment.processes === 1 ? "process" : "processes"}`,
      `got ${moment.got} and wanted ${moment.wanted} of ${moment.cpus} CPUs`];
    if (moment.steps) parts.push(`steps ${moment.steps}`);
    const table = element("table");
    table.append(row("th", ["ORIGIN", "THREADS", "AWAKE", "GOT CPUs", "WAITING CPUs", "WANTED CPUs", "LIMIT", "SOURCE"]));
    for (const group of moment.groups) table.append(row("td", [group.label, group.threads, ...group.cells, group.source]));
    const wide = element("div", undefined, "wide");
    wide.append(table);
    box.replaceChildren(head, element("p", moment.says), element("p", parts.join("; ")), wide);
    if (moment.more_groups) box.append(element("p", `and ${moment.more_groups} more groups`, "note"));
    if (cursor && plot) {
      const [from, to, left, right] = plot;
      const x = left + Math.min(Math.max((moment.at_s - from) / (to - from), 0), 1) * (right - left);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    }
    rows.forEach((one, place) => one.classList.toggle("now", place === at));
    const list = rows[at].closest(".moments");
    const top = rows[at].offsetTop;
    if (top < list.scrollTop + 40 || top > list.scrollTop + list.clientHeight - 40) list.scrollTop = top - list.clientHeight / 2;
  };

  rows.forEach((one, place) => one.addEventListener("click", () => show(place)));
  time.addEventListener("input", () => show(Number(time.value)));
  if (chart && plot) {
    chart.addEventListener("click", (event) => {
      const [from, to, left, right] = plot;
      const place = chart.getBoundingClientRect();
      const x = (event.clientX - place.left) / place.width * chart.viewBox.baseVal.width;
      const at_s = from + (x - left) / (right - left) * (to - from);
      let best = 0;
      moments.forEach((moment, at) => {
        if (Math.abs(moment.at_s - at_s) < Math.abs(moments[best].at_s - at_s)) best = at;
      });
      show(best);
    });
  }
  const worst = ["severe", "oversubscribed", "notice", "healthy", "soon"];
  const first = worst.map((level) => moments.findIndex((moment) => moment.level === level)).find((at) => at >= 0);
  show(first ?? 0);
})();
