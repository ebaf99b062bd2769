//! Compiles the screens. Fonts, pictures and translations go into the program, so that a booth has nothing to lose.

const TRACEABLE: &str = "BILIK_TRACEABLE";

fn main() -> Result<(), slint_build::CompileError> {
    // Tests find elements by their labels, for which the compiled screens have to know their elements. So does what measures an
    // optimised booth, which asks for it.
    println!("cargo::rerun-if-env-changed={TRACEABLE}");
    let traceable =
        std::env::var_os(TRACEABLE).is_some() || std::env::var_os("PROFILE").is_none_or(|profile| profile != "release");
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent".into())
        .embed_resources(slint_build::EmbedResourcesKind::EmbedFiles)
        .with_bundled_translations("lang")
        // One word has one translation wherever it stands, so the .po file carries no component names.
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        .with_debug_info(traceable);
    slint_build::compile_with_config("app.slint", config)
}
