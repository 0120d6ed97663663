//! JSON Schemas of the types that serialise themselves; those of all others are derived. Only for the test that makes
//! `assets/schemas` of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use crate::data::CpuSet;
use crate::data::limits::{CapKind, LimitSource, PerCap};
use crate::data::scene::CheckedCap;

impl JsonSchema for CpuSet {
    fn schema_name() -> Cow<'static, str> {
        "CpuSet".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "CPUs in the kernel's list format: 0-3,8" })
    }
}

impl JsonSchema for LimitSource {
    fn schema_name() -> Cow<'static, str> {
        "LimitSource".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "Where a limit comes from: tf.config, a variable, a default" })
    }
}

impl JsonSchema for CheckedCap {
    fn schema_name() -> Cow<'static, str> {
        "CheckedCap".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "The name of a cap, \"cpus\" or \"quota\"" })
    }
}

impl<T: JsonSchema> JsonSchema for PerCap<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PerCapOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = Value::from(generator.subschema_for::<T>());
        let names = CapKind::all().map(CapKind::name).chain(["cpus"]);
        let properties: Map<String, Value> = names.map(|name| (name.to_owned(), value.clone())).collect();
        json_schema!({
            "type": "object",
            "description": "By the name of the cap; a later version may know more of them",
            "properties": properties,
            "additionalProperties": value,
        })
    }
}
