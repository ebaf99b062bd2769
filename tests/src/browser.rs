//! Headless Chromium over its DevTools protocol.
//!
//! Half a dozen calls of the protocol are all that is needed here. The libraries that wrap it compile its whole
//! description, a minute's work for two cores on every clean build, so this file speaks it directly.

use crate::process::{PATIENCE, Process, until};
use anyhow::{Context as _, bail};
use base64::Engine as _;
use serde_json::{Value, json};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use tokio_tungstenite::tungstenite::{Message, WebSocket, client};

pub struct Browser {
    // Ended when dropped.
    process: Process,
    port: u16,
    control: Connection,
}

impl Browser {
    /// `trusted_pin` is the one key whose certificates are accepted beyond the usual ones; `camera` a film (MJPEG) that
    /// plays as the camera.
    pub fn start(folder: &Path, trusted_pin: &str, camera: &Path) -> anyhow::Result<Self> {
        // Calls go over loopback here, which browsers otherwise leave out.
        Self::start_with(folder, trusted_pin, camera, &["--allow-loopback-in-peer-connection"])
    }

    /// With switches of its own, for a call over a network.
    pub fn start_with(folder: &Path, trusted_pin: &str, camera: &Path, more: &[&str]) -> anyhow::Result<Self> {
        let profile = folder.join("profile");
        std::fs::create_dir_all(&profile)?;
        let announced = profile.join("DevToolsActivePort");
        let _ = std::fs::remove_file(&announced);
        let mut command = Command::new("chromium");
        command
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--mute-audio",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--disable-dev-shm-usage",
            ])
            // A page in the background is throttled like a sleeping laptop; an officer's console is in front.
            .args([
                "--disable-background-timer-throttling",
                "--disable-renderer-backgrounding",
                "--disable-backgrounding-occluded-windows",
            ])
            .args([
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                "--autoplay-policy=no-user-gesture-required",
            ])
            .arg(format!("--use-file-for-fake-video-capture={}", camera.display()))
            .arg(format!("--ignore-certificate-errors-spki-list={trusted_pin}"))
            .arg(format!("--user-data-dir={}", profile.display()))
            .args(more)
            .args(["--remote-debugging-port=0", "--window-size=1600,900", "about:blank"]);
        let mut process = Process::start("Chromium", &mut command, &folder.join("chromium.log"))?;
        let (port, path) = until("Chromium says its port", || {
            process.alive()?;
            let text = std::fs::read_to_string(&announced).unwrap_or_default();
            let mut lines = text.lines();
            let port = lines.next().and_then(|line| line.parse().ok());
            Ok(port.zip(lines.next().map(str::to_owned)))
        })?;
        let control = Connection::open(port, &path)?;
        Ok(Self { process, port, control })
    }

    /// A new tab in a window of its own, so that its cookies are its own.
    pub fn page(&mut self, width: u32, height: u32) -> anyhow::Result<Page> {
        let context = self.control.call("Target.createBrowserContext", json!({}))?;
        let context = context["browserContextId"].as_str().context("no browser context")?.to_owned();
        self.page_in(context, width, height)
    }

    /// The tab's process ends at once, as a crash ends it; the cookies of its window stay for [`Browser::reopen`].
    pub fn crash(&mut self, page: Page) -> anyhow::Result<Crashed> {
        let Page { mut connection, context, target, size } = page;
        // Whoever crashes does not answer.
        connection.say("Page.crash", json!({}))?;
        until("the tab has crashed", || Ok(connection.has_event("Inspector.targetCrashed")?.then_some(())))?;
        self.control.call("Target.closeTarget", json!({ "targetId": target }))?;
        Ok(Crashed { context, size })
    }

    /// A new tab in the window of one that crashed.
    pub fn reopen(&mut self, crashed: Crashed) -> anyhow::Result<Page> {
        let (width, height) = crashed.size;
        self.page_in(crashed.context, width, height)
    }

    fn page_in(&mut self, context: String, width: u32, height: u32) -> anyhow::Result<Page> {
        let target = self
            .control
            .call("Target.createTarget", json!({ "url": "about:blank", "browserContextId": context.as_str() }))?;
        let target = target["targetId"].as_str().context("no target")?.to_owned();
        let connection = Connection::open(self.port, &format!("/devtools/page/{target}"))?;
        let mut page = Page { connection, context, target, size: (width, height) };
        page.call("Inspector.enable", json!({}))?;
        page.call("Page.enable", json!({}))?;
        page.call("Runtime.enable", json!({}))?;
        page.call("Accessibility.enable", json!({}))?;
        page.call("Emulation.setFocusEmulationEnabled", json!({ "enabled": true }))?;
        page.call(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        )?;
        Ok(page)
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// What is left of a tab that crashed: its window.
#[derive(Debug)]
pub struct Crashed {
    context: String,
    size: (u32, u32),
}

/// One tab.
pub struct Page {
    connection: Connection,
    context: String,
    target: String,
    size: (u32, u32),
}

impl Page {
    pub fn call(&mut self, method: &str, parameters: Value) -> anyhow::Result<Value> {
        self.connection.call(method, parameters)
    }

    /// Runs before any script of any page that is opened from now on.
    pub fn before_load(&mut self, script: &str) -> anyhow::Result<()> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script }))?;
        Ok(())
    }

    pub fn open(&mut self, url: &str) -> anyhow::Result<()> {
        // Of network adapters that this test has just made, a browser hears in the middle of its first request, and gives it up.
        until("the browser opens the page", || {
            let opened = self.call("Page.navigate", json!({ "url": url }))?;
            match opened["errorText"].as_str() {
                None => Ok(Some(())),
                Some("net::ERR_NETWORK_CHANGED") => Ok(None),
                Some(error) => bail!("failed to open {url}: {error}"),
            }
        })?;
        self.wait_for("document.readyState === 'complete'")
    }

    /// The value of an expression; a promise is waited for.
    pub fn evaluate(&mut self, expression: &str) -> anyhow::Result<Value> {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.call("Runtime.evaluate", parameters)?;
        if let Some(details) = result.get("exceptionDetails") {
            bail!("{expression}: {}", details["exception"]["description"].as_str().unwrap_or("exception"));
        }
        Ok(result["result"]["value"].clone())
    }

    pub fn wait_for(&mut self, condition: &str) -> anyhow::Result<()> {
        until(condition, || Ok(self.evaluate(condition)?.as_bool().unwrap_or(false).then_some(())))
    }

    /// Clicks the element that a screen reader would announce by this role and name.
    pub fn click(&mut self, role: &str, name: &str) -> anyhow::Result<()> {
        let found = until(&format!("{role} {name:?} can be clicked"), || self.find(role, name));
        let (x, y) = found.with_context(|| format!("the page shows: {}", self.text()))?;
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": buttons, "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event)?;
        }
        Ok(())
    }

    pub fn has(&mut self, role: &str, name: &str) -> anyhow::Result<bool> {
        Ok(self.find(role, name)?.is_some())
    }

    /// The middle of an enabled element, if it is there.
    fn find(&mut self, role: &str, name: &str) -> anyhow::Result<Option<(f64, f64)>> {
        let document = self.call("DOM.getDocument", json!({ "depth": 0 }))?;
        let query = json!({ "nodeId": document["root"]["nodeId"], "role": role });
        let nodes = self.call("Accessibility.queryAXTree", query)?;
        let matches = |node: &&Value| {
            let found = node["name"]["value"].as_str().unwrap_or_default();
            let disabled = node["properties"]
                .as_array()
                .is_some_and(|list| list.iter().any(|p| p["name"] == "disabled" && p["value"]["value"] == true));
            (found == name || found.split(" · ").next() == Some(name)) && node["ignored"] != true && !disabled
        };
        let Some(node) = nodes["nodes"].as_array().and_then(|nodes| nodes.iter().find(matches)) else {
            return Ok(None);
        };
        let id = json!({ "backendNodeId": node["backendDOMNodeId"] });
        self.call("DOM.scrollIntoViewIfNeeded", id.clone())?;
        let quads = self.call("DOM.getContentQuads", id)?;
        let Some(quad) = quads["quads"][0].as_array() else { return Ok(None) };
        let at = |offset: usize| (0..4).filter_map(|corner| quad.get(corner * 2 + offset)?.as_f64()).sum::<f64>() / 4.0;
        Ok(Some((at(0), at(1))))
    }

    /// Clicks a field and types into it, replacing what it holds.
    pub fn fill(&mut self, name: &str, text: &str) -> anyhow::Result<()> {
        self.click("textbox", name)?;
        self.evaluate("document.activeElement.select?.()")?;
        self.call("Input.insertText", json!({ "text": text }))?;
        Ok(())
    }

    /// Presses and releases a key, by its DOM name.
    pub fn key(&mut self, key: &str) -> anyhow::Result<()> {
        self.chord(key, 0)
    }

    /// With modifiers: 1 Alt, 2 Control, 4 Meta, 8 Shift.
    pub fn chord(&mut self, key: &str, modifiers: u8) -> anyhow::Result<()> {
        let (code, virtual_key, text) = match key {
            "Enter" => ("Enter".to_owned(), 13, Some("\r")),
            "Escape" => ("Escape".to_owned(), 27, None),
            "Tab" => ("Tab".to_owned(), 9, None),
            " " => ("Space".to_owned(), 32, Some(" ")),
            "ArrowUp" => ("ArrowUp".to_owned(), 38, None),
            "ArrowDown" => ("ArrowDown".to_owned(), 40, None),
            other => {
                let upper = other.to_uppercase();
                let letter = upper.bytes().next().filter(u8::is_ascii_uppercase);
                let digit = upper.bytes().next().filter(u8::is_ascii_digit);
                let code = match (letter, digit) {
                    (Some(_), _) => format!("Key{upper}"),
                    (None, Some(_)) => format!("Digit{other}"),
                    // The numbers of other characters are those of keys that steer.
                    (None, None) => String::new(),
                };
                (code, letter.or(digit).map_or(0, i32::from), Some(other))
            }
        };
        let text = if modifiers & 7 == 0 { text } else { None };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": virtual_key, "modifiers": modifiers });
            if let (Some(text), "keyDown") = (text, kind) {
                event["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// What a person reads on the page.
    pub fn text(&mut self) -> String {
        let text = self.evaluate("document.body.innerText").unwrap_or_default();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page shows this text.
    pub fn sees(&mut self, text: &str) -> anyhow::Result<()> {
        let found = until(&format!("the page shows {text:?}"), || Ok(self.text().contains(text).then_some(())));
        found.with_context(|| format!("it shows: {}", self.text()))
    }

    pub fn photograph(&mut self, path: &Path) -> anyhow::Result<()> {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }))?;
        let data = shot["data"].as_str().context("no picture")?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data)?;
        std::fs::write(path, bytes).with_context(|| format!("failed to write {}", path.display()))
    }
}

struct Connection {
    socket: WebSocket<TcpStream>,
    next: u64,
}

impl Connection {
    fn open(port: u16, path: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let (socket, _) =
            client(format!("ws://127.0.0.1:{port}{path}"), stream).map_err(|e| anyhow::anyhow!("DevTools: {e}"))?;
        Ok(Self { socket, next: 0 })
    }

    fn say(&mut self, method: &str, parameters: Value) -> anyhow::Result<()> {
        self.next += 1;
        let request = json!({ "id": self.next, "method": method, "params": parameters });
        Ok(self.socket.send(Message::text(request.to_string()))?)
    }

    /// Whether the next message is this event.
    fn has_event(&mut self, method: &str) -> anyhow::Result<bool> {
        let Message::Text(text) = self.socket.read()? else { return Ok(false) };
        let message: Value = serde_json::from_str(&text)?;
        Ok(message["method"] == method)
    }

    fn call(&mut self, method: &str, parameters: Value) -> anyhow::Result<Value> {
        self.say(method, parameters)?;
        loop {
            // Events come in between; nobody here waits for them.
            let Message::Text(text) = self.socket.read().with_context(|| format!("no answer to {method}"))? else {
                continue;
            };
            let mut answer: Value = serde_json::from_str(&text)?;
            if answer["id"] != self.next {
                continue;
            }
            if let Some(error) = answer.get("error") {
                bail!("{method}: {error}");
            }
            return Ok(answer["result"].take());
        }
    }
}
