//! Compiles the screens. Fonts, pictures and translations go into the program, so that a booth has nothing to lose.

fn main() -> Result<(), slint_build::CompileError> {
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent".into())
        .embed_resources(slint_build::EmbedResourcesKind::EmbedFiles)
        .with_bundled_translations("lang")
        // Lets a program find elements by their accessible labels, as a screen reader does.
        .with_debug_info(true)
        // One word has one translation wherever it stands, so the .po file carries no component names.
        .with_default_translation_context(slint_build::DefaultTranslationContext::None);
    slint_build::compile_with_config("app.slint", config)
}
