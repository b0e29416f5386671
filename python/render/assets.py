"""Styles and scripts of the pages drawn here. They stand inline: a page loads nothing."""

TABLE_STYLE = """
.telltale-table{font:13px system-ui,sans-serif}
.telltale-table table{border-collapse:collapse}
.telltale-table th,.telltale-table td{padding:3px 10px;text-align:left}
.telltale-table th,.telltale-table td{border-bottom:1px solid #8884}
.telltale-table th{cursor:pointer;user-select:none}
.telltale-table td.n{text-align:right;font-variant-numeric:tabular-nums}
"""

TABLE_SCRIPT = """
(function () {
  var box = document.currentScript.parentNode, size = 100, page = 0, by = -1, down = false;
  var data = JSON.parse(box.querySelector(".data").textContent), rows = data.rows;
  var head = box.querySelector("thead"), body = box.querySelector("tbody");
  var filter = box.querySelector("input"), pages = box.querySelector(".pages");
  function cell(kind, value) {
    var e = document.createElement(kind);
    e.textContent = value === null ? "" : typeof value === "object" ? JSON.stringify(value) : value;
    if (typeof value === "number") e.className = "n";
    return e;
  }
  function button(text, to, on) {
    var e = document.createElement("button");
    e.textContent = text; e.disabled = !on;
    e.onclick = function () { page = to; draw(); };
    pages.appendChild(e);
  }
  function before(a, b) {
    if (a === b) return 0;
    if (a === null) return 1;
    if (b === null) return -1;
    return a < b ? -1 : 1;
  }
  function choose() {
    var want = filter.value.toLowerCase();
    rows = data.rows.filter(function (row) {
      return !want || row.some(function (v) { return String(v).toLowerCase().indexOf(want) >= 0; });
    });
    if (by >= 0) rows = rows.slice().sort(function (a, b) {
      return (down ? -1 : 1) * before(a[by], b[by]);
    });
    page = 0; draw();
  }
  function draw() {
    var last = Math.max(0, Math.ceil(rows.length / size) - 1);
    body.textContent = ""; pages.textContent = "";
    rows.slice(page * size, (page + 1) * size).forEach(function (row) {
      var tr = document.createElement("tr");
      row.forEach(function (value) { tr.appendChild(cell("td", value)); });
      body.appendChild(tr);
    });
    button("Previous", page - 1, page > 0);
    pages.appendChild(document.createTextNode(" " + (page + 1) + " of " + (last + 1) + " "));
    button("Next", page + 1, page < last);
  }
  var tr = document.createElement("tr");
  data.columns.forEach(function (name, index) {
    var th = cell("th", name);
    th.onclick = function () { down = by === index && !down; by = index; choose(); };
    tr.appendChild(th);
  });
  head.appendChild(tr);
  filter.oninput = choose;
  draw();
})();
"""
