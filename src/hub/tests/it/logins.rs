use crate::bench::{Bench, PASSWORD, cookie_of};
use bilik_hub::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test]
async fn a_login_opens_and_closes_the_door() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    let response = bench.try_login("Sari", PASSWORD, &sari.code(0)).await;
    assert_eq!(response.status(), StatusCode::OK);
    let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    for attribute in ["__Host-session=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(attribute), "{attribute} is missing in {set}");
    }
    let cookie = cookie_of(response.headers());
    let me: Value = response.json().await.unwrap();
    let expect = json!({
        "officer": sari.id, "login": "sari", "name": "Petugas Contoh", "role": "officer", "branch_name": "Cabang Uji",
    });
    assert_eq!(me, expect);
    assert_eq!(bench.get(&cookie, "/api/v1/me").await.json::<Value>().await.unwrap(), expect);
    assert_eq!(bench.get("__Host-session=00", "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.get("", "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.post(&cookie, "/api/v1/logout", &json!({})).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(bench.get(&cookie, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whatever_is_wrong_hears_the_same() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    let code = sari.code(0);
    let mut answers = Vec::new();
    for (login, password, code) in [
        ("sari", "kata sandi salah", code.as_str()),
        ("sari", PASSWORD, "000000"),
        ("sari", PASSWORD, ""),
        ("nobody", PASSWORD, code.as_str()),
        ("", "", ""),
    ] {
        let response = bench.try_login(login, password, code).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{login}");
        assert!(response.headers().get("set-cookie").is_none());
        answers.push(response.text().await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer == r#"{"error":"unauthorized"}"#), "{answers:?}");
}

#[tokio::test]
async fn a_one_time_code_opens_once() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    let code = sari.code(0);
    assert_eq!(bench.try_login("sari", PASSWORD, &code).await.status(), StatusCode::OK);
    assert_eq!(bench.try_login("sari", PASSWORD, &code).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.try_login("sari", PASSWORD, &sari.code(1)).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn guessing_locks_the_login_whether_it_exists_or_not() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    for login in ["sari", "nobody"] {
        for _ in 0..5 {
            assert_eq!(bench.try_login(login, "salah", "000000").await.status(), StatusCode::UNAUTHORIZED);
        }
        let response = bench.try_login(login, PASSWORD, &sari.code(0)).await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS, "{login}: even with the right password");
        let wait: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=30).contains(&wait));
    }
    let budi = bench.officer("budi", Role::Officer);
    bench.login(&budi).await;
}

#[tokio::test]
async fn a_disabled_account_is_shut_at_once() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    let cookie = bench.login(&sari).await;
    bilik_hub::admin::disable_officer(&bench.config, "sari").unwrap();
    assert_eq!(bench.get(&cookie, "/api/v1/me").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bench.try_login("sari", PASSWORD, &sari.code(1)).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_our_own_pages_may_post() {
    let bench = Bench::start().await;
    let sari = bench.officer("sari", Role::Officer);
    let body = json!({ "login": "sari", "password": PASSWORD, "code": sari.code(0) });
    let url = bench.console_url("/api/v1/login");
    let (ours, origin) = (("x-bilik", "1".to_owned()), ("origin", bench.origin()));
    let check = async |headers: &[&(&str, String)], expect: StatusCode| {
        let mut request = bench.client().post(&url).json(&body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        assert_eq!(request.send().await.unwrap().status(), expect, "{headers:?}");
    };
    check(&[], StatusCode::FORBIDDEN).await;
    check(&[&ours], StatusCode::FORBIDDEN).await;
    check(&[&origin], StatusCode::FORBIDDEN).await;
    check(&[&ours, &("origin", "https://evil.example".to_owned())], StatusCode::FORBIDDEN).await;
    check(&[&ours, &origin], StatusCode::OK).await;
}

#[tokio::test]
async fn roles_bound_what_one_may_see() {
    let bench = Bench::start().await;
    for (login, role, expect) in [
        ("a", Role::Officer, StatusCode::OK),
        ("b", Role::Supervisor, StatusCode::OK),
        ("c", Role::Technician, StatusCode::FORBIDDEN),
        ("d", Role::Auditor, StatusCode::FORBIDDEN),
    ] {
        let cookie = bench.login(&bench.officer(login, role)).await;
        assert_eq!(bench.get(&cookie, "/api/v1/me").await.status(), StatusCode::OK);
        assert_eq!(bench.get(&cookie, "/api/v1/claims").await.status(), expect, "{role}");
    }
}

#[tokio::test]
async fn every_answer_tells_the_browser_to_be_strict() {
    let bench = Bench::with("metrics_token = \"sixteen-letters!\"").await;
    for path in ["/", "/healthz", "/api/v1/me", "/no/such/page", "/api/v1/nothing", "/missing.js"] {
        let response = bench.get("", path).await;
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(header("strict-transport-security").starts_with("max-age="), "{path}");
        assert!(header("permissions-policy").contains("camera=(self)"), "{path}");
        assert!(["no-store", "no-cache"].contains(&header("cache-control").as_str()), "{path}");
    }
}

#[tokio::test]
async fn the_console_is_served_and_cached_by_its_content() {
    let bench = Bench::start().await;
    let page = bench.get("", "/").await;
    assert_eq!((page.status(), page.headers()["content-type"].to_str().unwrap()), (StatusCode::OK, "text/html"));
    let tag = page.headers()["etag"].to_str().unwrap().to_owned();
    let deep = bench.get("", "/claims/some-view").await;
    assert_eq!(deep.headers()["etag"].to_str().unwrap(), tag, "the page itself answers for its views");
    let request = bench.client().get(bench.console_url("/")).header("if-none-match", &tag);
    assert_eq!(request.send().await.unwrap().status(), StatusCode::NOT_MODIFIED);
    for (method, path, expect) in [
        (Method::GET, "/assets/missing.js", StatusCode::NOT_FOUND),
        (Method::GET, "/../Cargo.toml", StatusCode::NOT_FOUND),
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::POST, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/api/v1/login", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let response = bench.page(method.clone(), path).send().await.unwrap();
        assert_eq!(response.status(), expect, "{method} {path}");
    }
}

#[tokio::test]
async fn metrics_are_numbers() {
    let bench = Bench::start().await;
    let text = bench.get("", "/metrics").await.text().await.unwrap();
    assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("bilik_")), "{text}");
    assert!(text.contains("bilik_ledger_healthy 1"));
    assert_eq!(bench.get("", "/healthz").await.status(), StatusCode::OK);
}
