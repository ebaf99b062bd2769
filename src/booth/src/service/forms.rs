//! What keys do in the forms, and how a form is sent.

use super::{Order, Page, Service};
use bilik_claim::session::Key;
use bilik_device::{Addressing, Request};

impl Service {
    /// A key of the glass, for the form that is open, if one is.
    pub(super) fn type_in_form(&mut self, key: Key) {
        if self.page() == Some(Page::TypeCode)
            && let Some((form, fault)) = &mut self.enrol_form
        {
            self.ended = None;
            *fault = None;
            match key {
                Key::Character(sign) => *fault = form.push(sign).err(),
                Key::Backspace => form.pop(),
                Key::Clear => form.clear(),
            }
        } else if let Some((form, fault)) = &mut self.form {
            *fault = None;
            match key {
                Key::Character(character) => form.push(character),
                Key::Backspace => form.pop(),
                Key::Clear => form.clear(),
            }
        }
    }

    pub(super) fn save_network(&mut self) -> Vec<Order> {
        let Some((form, fault)) = &mut self.form else { return Vec::new() };
        match form.addressing() {
            Ok(addressing @ (Addressing::Fixed { .. } | Addressing::Dhcp)) => {
                self.ask(Request::SetNetwork { addressing })
            }
            Err(wrong) => {
                *fault = Some(wrong);
                Vec::new()
            }
        }
    }

    pub(super) fn send_code(&mut self) -> Vec<Order> {
        let Some((form, fault)) = &mut self.enrol_form else { return Vec::new() };
        match form.request() {
            Ok(request) => self.ask(request),
            Err(wrong) => {
                *fault = Some(wrong);
                Vec::new()
            }
        }
    }
}
