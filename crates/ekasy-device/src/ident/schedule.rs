//! How often the register calls (source document, section 2.2.4).

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::IdentError;

/// An interval of a schedule: 60 to 2,678,400 whole seconds (a minute to 31 days).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval(u32);

impl Interval {
    /// One minute.
    pub const MIN: Self = Self(60);
    /// 31 days.
    pub const MAX: Self = Self(2_678_400);

    /// The interval of that many seconds.
    ///
    /// ```
    /// use ekasy_device::ident::Interval;
    ///
    /// assert_eq!(Interval::new(7200)?.duration().as_secs(), 7200);
    /// assert!(Interval::new(59).is_err());
    /// # Ok::<(), ekasy_device::ident::IdentError>(())
    /// ```
    pub const fn new(seconds: u32) -> Result<Self, IdentError> {
        if seconds >= Self::MIN.0 && seconds <= Self::MAX.0 {
            Ok(Self(seconds))
        } else {
            Err(IdentError::new("an interval", "60 to 2678400 seconds"))
        }
    }

    /// The seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The interval as a duration.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64)
    }
}

/// When documents are sent to the Event Hub (`sendFreqEventHub`).
///
/// ```
/// use ekasy_device::ident::{Interval, SendFrequency};
///
/// assert_eq!(SendFrequency::from_wire(0)?, SendFrequency::AfterEachDocument);
/// assert_eq!(SendFrequency::from_wire(60)?, SendFrequency::Every(Interval::MIN));
/// assert!(SendFrequency::from_wire(-3).is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendFrequency {
    /// At that interval.
    Every(Interval),
    /// 0: after each document ("online").
    AfterEachDocument,
    /// −1: sending is suspended; polling for commands is not (CRK facts §6.2).
    Suspended,
    /// −2: the repository has no value, or wants to say that there was an error; the schedule
    /// that was valid last goes on (CRK facts §6.2 and §7, 23).
    Undefined,
}

impl SendFrequency {
    /// The value for a number of the protocol.
    pub fn from_wire(number: i64) -> Result<Self, IdentError> {
        let error = IdentError::new("a sending schedule", "-2, -1, 0 or 60 to 2678400");
        match number {
            -2 => Ok(Self::Undefined),
            -1 => Ok(Self::Suspended),
            0 => Ok(Self::AfterEachDocument),
            seconds => interval(seconds, error).map(Self::Every),
        }
    }

    /// The number of the protocol.
    pub const fn to_wire(self) -> i64 {
        match self {
            Self::Every(interval) => interval.0 as i64,
            Self::AfterEachDocument => 0,
            Self::Suspended => -1,
            Self::Undefined => -2,
        }
    }
}

/// When the WebApi is asked for commands (`checkFreqWebApi`); it cannot be suspended and not be
/// "online".
///
/// ```
/// use ekasy_device::ident::CheckFrequency;
///
/// assert_eq!(CheckFrequency::from_wire(-2)?, CheckFrequency::Undefined);
/// assert!(CheckFrequency::from_wire(0).is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckFrequency {
    /// At that interval.
    Every(Interval),
    /// −2: as for [`SendFrequency::Undefined`].
    Undefined,
}

impl CheckFrequency {
    /// The value for a number of the protocol.
    pub fn from_wire(number: i64) -> Result<Self, IdentError> {
        let error = IdentError::new("a polling schedule", "-2 or 60 to 2678400");
        match number {
            -2 => Ok(Self::Undefined),
            seconds => interval(seconds, error).map(Self::Every),
        }
    }

    /// The number of the protocol.
    pub const fn to_wire(self) -> i64 {
        match self {
            Self::Every(interval) => interval.0 as i64,
            Self::Undefined => -2,
        }
    }
}

fn interval(seconds: i64, error: IdentError) -> Result<Interval, IdentError> {
    u32::try_from(seconds).ok().and_then(|seconds| Interval::new(seconds).ok()).ok_or(error)
}

/// Writes and reads a schedule as its number.
macro_rules! as_number {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_i64(self.to_wire())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let number = i64::deserialize(deserializer)?;
                Self::from_wire(number).map_err(Error::custom)
            }
        }
    };
}

as_number!(SendFrequency);
as_number!(CheckFrequency);
