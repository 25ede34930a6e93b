// The page `/verify`: takes files, and says the verdict. It asks no server anything; its policy would not let it.

globalThis.verifyEvidence = verifyEvidence;

// No form: it could be sent somewhere.
const desk = document.querySelector("[data-verify]");
const field = (name) => desk.querySelector(`[name="${name}"]`);
const verdict = document.querySelector("[data-verdict]");

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

function part(title, sentences, kind) {
  if (sentences.length === 0) return [];
  const list = element("ul", "", "sentences");
  list.append(...sentences.map((sentence) => element("li", sentence, kind)));
  return [element("h2", title), list];
}

function show(told) {
  const { origin, size, root, signers } = told;
  const parts = told.verified
    ? [
        element("p", "All of it holds.", "item-title"),
        element("p", `As of the checkpoint of ${origin} with ${size} entries and the root ${root}, signed by ${signers.join(" and ")}.`),
        ...part("Proved", told.proved),
        ...part("To look into", told.look_into),
        ...part("Not proved", told.not_proved),
        ...(told.key_given ? [] : [element("p", "Taken on trust: that the key is the log's own; it came with the file. Get it from somewhere else too, and give it above.", "item-note")]),
      ]
    : [element("p", "It does not hold.", "item-title problem"), ...part("What is wrong", told.findings, "problem")];
  verdict.replaceChildren(...parts);
  verdict.dataset.verdict = told.verified ? "holds" : "wrong";
  verdict.hidden = false;
  verdict.focus();
}

const textOfFile = async (input) => (input.files[0] ? await input.files[0].text() : null);

async function verifyChosen() {
  const [bundle, since, key, receipts] = ["bundle", "since", "key", "receipts"].map(field);
  if (!bundle.files[0]) return bundle.focus();
  if (bundle.files[0].size > FILE_BYTES_MAX) return show({ verified: false, findings: ["the file is too large to be evidence"] });
  const bytes = new Uint8Array(await bundle.files[0].arrayBuffer());
  show(await verifyEvidence(bytes, { key: key.value, since: await textOfFile(since), receipts: receipts.value }));
}

desk.hidden = false;
desk.querySelector("button").addEventListener("click", () => {
  verdict.dataset.verdict = "";
  const failed = () => show({ verified: false, findings: ["this browser cannot check it: it must know Ed25519, and the page must come by https or from this machine; the command `waxseal verify --bundle` can"] });
  verifyChosen().catch(failed);
});
