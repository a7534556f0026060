//! What stands in for `libfuzzer-sys`: a macro of the same name and the same forms.

/// Makes a function of a target that reads bytes, as `libfuzzer_sys::fuzz_target` makes a program.
macro_rules! fuzz_target {
    (|$data:ident: &[u8]| $body:block) => {
        pub(crate) fn target($data: &[u8]) $body
    };
    (|$data:ident: $input:ty| $body:block) => {
        pub(crate) fn target(bytes: &[u8]) {
            let rest = arbitrary::Unstructured::new(bytes);
            if let Ok($data) = <$input as arbitrary::Arbitrary>::arbitrary_take_rest(rest) $body
        }
    };
}
pub(crate) use fuzz_target;
