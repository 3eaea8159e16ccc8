// The form that lets one in: a token for a session.
import { $ } from "/dom.js";
import { send, whenLoginIsNeeded } from "/api.js";

export function open() {
  if (!$("login").open) $("login").showModal();
}

export function close() {
  if ($("login").open) $("login").close();
}

function tell(text, isWrong) {
  $("login-note").textContent = text;
  $("login-note").className = isWrong ? "note" : "hint";
  $("token").setAttribute("aria-invalid", String(isWrong));
}

// begin: what is done with the session.
async function submit(button, begin) {
  button.disabled = true;
  tell("", false);
  const slow = setTimeout(() => tell("After several wrong tokens each answer takes a little longer, up to eight seconds…", false), 1200);
  try {
    await send("POST", "/api/login", { token: $("token").value });
    $("token").value = "";
    await begin();
  } catch (error) {
    tell(`${error.message[0].toUpperCase()}${error.message.slice(1)}.`, true);
    $("token").select();
  } finally {
    clearTimeout(slow);
    button.disabled = false;
  }
}

export function wire(begin) {
  $("login-form").addEventListener("submit", (event) => {
    event.preventDefault();
    submit(event.target.querySelector("button"), begin);
  });
  $("login").addEventListener("cancel", (event) => event.preventDefault());
  whenLoginIsNeeded(open);
}
