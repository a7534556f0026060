//! Setters of optional fields, named after them.

/// Defines a setter per optional field of a struct.
///
/// `some` fills an `Option`, `some_into` fills it with what the value turns into, `all` replaces a list.
macro_rules! setters {
    ($($field:ident: $how:ident $type:ty),+ $(,)?) => {
        $($crate::lenient::setters!(@one $field $how $type);)+
    };
    (@one $field:ident some $type:ty) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, value: $type) -> Self {
            self.$field = Some(value);
            self
        }
    };
    (@one $field:ident some_into $type:ty) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, value: impl Into<$type>) -> Self {
            self.$field = Some(value.into());
            self
        }
    };
    (@one $field:ident all $type:ty) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub fn $field(mut self, values: $type) -> Self {
            self.$field = values;
            self
        }
    };
}

pub(crate) use setters;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macro makes public setters")]
mod tests {
    #[derive(Debug, Default, PartialEq)]
    struct Sample {
        number: Option<u32>,
        text: Option<String>,
        list: Vec<u8>,
    }

    impl Sample {
        setters! {
            number: some u32,
            text: some_into String,
            list: all Vec<u8>,
        }
    }

    #[test]
    fn each_field_is_set_by_its_name() {
        let sample = Sample::default().number(1).text("x").list(vec![2]);
        assert_eq!((sample.number, sample.text.as_deref()), (Some(1), Some("x")));
        assert_eq!(sample.list, [2]);
    }
}
