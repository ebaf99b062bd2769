pub mod claim;
pub mod item;
