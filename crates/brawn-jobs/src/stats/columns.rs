//! Statistics of columns, of the whole or of groups, and how they are told.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use brawn_core::rows::{Column as Values, Field, Kind, Rows, Schema, Texts};
use brawn_core::{Budget, Error, Result, blocks};
use serde_json::{Map, Value, json};

use super::column::Column;
use super::options::Options;
use super::read::{Block, Cells, Frame, Layout};

/// Values that are held to be ordered, of all columns and groups together: 96 MB. Of groups that come one after the other it is
/// more, for one that has ended is thinned no more.
const HELD: usize = 12 << 20;

/// Of each column of a group at least so many.
const HELD_OF_ONE: usize = 1 << 10;

/// More groups than this are a mistake, or take another tool.
const MOST_GROUPS: usize = 10_000;

/// What a group is: its values of the columns that are grouped by.
type Key = Vec<Option<Box<[u8]>>>;

/// Columns of which different values are no longer counted one by one, as the blocks that come later may know: hashing them is
/// then done side by side, instead of where blocks are merged. What comes of it is the same.
#[derive(Debug, Default)]
pub(crate) struct Estimated(Vec<AtomicBool>);

impl Estimated {
    /// For as many columns.
    pub(crate) fn of(columns: usize) -> Estimated {
        Estimated((0..columns).map(|_| AtomicBool::new(false)).collect())
    }

    fn is(&self, column: usize) -> bool {
        self.0.get(column).is_some_and(|known| known.load(Ordering::Relaxed))
    }
}

/// Columns of groups; of one group without a name where nothing is grouped by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    places: HashMap<Key, usize>,
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    key: Key,
    rows: u64,
    columns: Vec<Column>,
}

impl Groups {
    /// What a block says. `by` are the indices of the columns that are grouped by.
    ///
    /// # Errors
    /// [`LimitExceeded`](brawn_core::ErrorKind::LimitExceeded) when there are too many groups; the budget's.
    pub(crate) fn of(
        frame: &Frame,
        block: &Block,
        by: &[usize],
        estimated: &Estimated,
        budget: &Budget,
    ) -> Result<Groups> {
        let mut groups = Groups::default();
        let columns = |rows: Option<&[u32]>| -> Result<Vec<Column>> {
            let of = |(index, cells): (usize, &Cells)| {
                budget.check()?;
                if by.contains(&index) {
                    return Ok(Column::Skipped);
                }
                let estimate = rows.is_none() && estimated.is(index);
                Ok(Column::of(cells, rows, &block.bytes, &frame.side, estimate))
            };
            frame.columns.iter().enumerate().map(of).collect()
        };
        if by.is_empty() {
            let (rows, columns) = (frame.rows as u64, columns(None)?);
            groups.add(Group { key: Vec::new(), rows, columns });
            return Ok(groups);
        }
        let mut order: Vec<Vec<Option<&[u8]>>> = Vec::new();
        let mut places: HashMap<Vec<Option<&[u8]>>, usize> = HashMap::new();
        let mut rows_of: Vec<Vec<u32>> = Vec::new();
        for row in 0..frame.rows {
            let key: Vec<Option<&[u8]>> = by
                .iter()
                .map(|index| match frame.columns.get(*index) {
                    Some(Cells::Texts(spans)) => spans.get(row)?.of(&block.bytes, &frame.side),
                    _ => None,
                })
                .collect();
            let place = *places.entry(key).or_insert_with_key(|key| {
                order.push(key.clone());
                rows_of.push(Vec::new());
                order.len() - 1
            });
            if let Some(rows) = rows_of.get_mut(place) {
                rows.push(row as u32);
            }
            if place >= MOST_GROUPS {
                return Err(too_many());
            }
        }
        for (key, rows) in order.into_iter().zip(rows_of) {
            let key = key.into_iter().map(|value| value.map(Box::from)).collect();
            let columns = columns(Some(&rows))?;
            groups.add(Group { key, rows: rows.len() as u64, columns });
        }
        Ok(groups)
    }

    fn add(&mut self, group: Group) {
        self.places.insert(group.key.clone(), self.groups.len());
        self.groups.push(group);
    }

    /// Adds what the next block says.
    ///
    /// # Errors
    /// [`LimitExceeded`](brawn_core::ErrorKind::LimitExceeded) when there are too many groups.
    pub(crate) fn merge(&mut self, next: Groups) -> Result<()> {
        for group in next.groups {
            let place = self.places.get(&group.key).copied();
            match place.and_then(|place| self.groups.get_mut(place)) {
                None => self.add(group),
                Some(all) => {
                    all.rows += group.rows;
                    let numbers = group
                        .columns
                        .iter()
                        .filter(|column| matches!(column, Column::Number(_)))
                        .count();
                    let shares = numbers.max(1) * self.places.len().max(1);
                    let bound = (HELD / shares).max(HELD_OF_ONE);
                    for (column, next) in all.columns.iter_mut().zip(group.columns) {
                        column.merge(next, bound);
                    }
                }
            }
        }
        if self.groups.len() > MOST_GROUPS {
            return Err(too_many());
        }
        Ok(())
    }

    /// Tells the blocks to come, where nothing is grouped by.
    pub(crate) fn tell(&self, estimated: &Estimated) {
        let [Group { key, columns, .. }] = self.groups.as_slice() else { return };
        if key.is_empty() {
            for (known, column) in estimated.0.iter().zip(columns) {
                known.store(column.is_estimate(), Ordering::Relaxed);
            }
        }
    }

    /// What people should know, of the first columns that there is something to know of.
    pub(crate) fn warnings(&self, layout: &Layout) -> Vec<String> {
        const NAMED: usize = 5;
        let of = |group: &Group| -> Vec<String> {
            let columns = layout.names.iter().zip(&group.columns);
            columns.filter_map(|(name, column)| column.warning(name)).collect()
        };
        let mut all: Vec<String> = self.groups.iter().flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all.truncate(NAMED);
        all
    }

    /// Whether nothing has been said yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Good records.
    pub(crate) fn rows(&self) -> u64 {
        self.groups.iter().map(|group| group.rows).sum()
    }

    /// Bytes held, about.
    pub(crate) fn held(&self) -> u64 {
        self.groups.iter().flat_map(|group| &group.columns).map(Column::held).sum()
    }

    /// The document: of each column, or of each column of each group in the order of their values. Columns are described side by
    /// side.
    pub(crate) fn describe(
        &self,
        names: &[String],
        options: &Options,
        budget: &Budget,
    ) -> Result<Map<String, Value>> {
        let columns = |group: &Group| -> Result<Vec<Value>> {
            let (mut all, mut described) = (names.iter().zip(&group.columns), Vec::new());
            let describe = |(name, column): (&String, &Column)| {
                let mut fields = column.describe(options);
                if !fields.is_empty() {
                    fields.insert("name".to_owned(), name.as_str().into());
                }
                Ok(fields)
            };
            let ahead = blocks::ahead(budget.workers());
            blocks::in_order(
                budget,
                ahead,
                || Ok(all.next()),
                describe,
                |fields| {
                    if !fields.is_empty() {
                        described.push(Value::Object(fields));
                    }
                    Ok(())
                },
            )?;
            Ok(described)
        };
        let mut document = Map::new();
        if options.group_by.is_empty() {
            let all = self.groups.first().map(columns).transpose()?.unwrap_or_default();
            document.insert("columns".to_owned(), all.into());
            return Ok(document);
        }
        let mut order: Vec<&Group> = self.groups.iter().collect();
        order.sort_by(|a, b| a.key.cmp(&b.key));
        let mut groups = Vec::new();
        for group in order {
            let values = options.group_by.iter().zip(&group.key).map(|(name, value)| {
                let value = value.as_deref().map(|text| String::from_utf8_lossy(text).into_owned());
                (name.clone(), value.into())
            });
            let values: Map<String, Value> = values.collect();
            let columns = columns(group)?;
            groups.push(json!({ "group": values, "rows": group.rows, "columns": columns }));
        }
        document.insert("groups".to_owned(), groups.into());
        Ok(document)
    }
}

fn too_many() -> Error {
    Error::limit_exceeded(format!("there are more than {MOST_GROUPS} groups"))
        .with_hint("group by a column of fewer values")
}

/// The columns of statistics as rows: the groups' values, then what a [document](Groups::describe) says.
pub(crate) fn schema(options: &Options) -> Schema {
    let field = |name: &str, kind, is_key| Field { name: name.to_owned(), kind, is_key };
    let mut fields: Vec<Field> =
        options.group_by.iter().map(|name| field(name, Kind::Text, true)).collect();
    fields.push(field("column", Kind::Text, true));
    fields.push(field("type", Kind::Text, false));
    for name in ["count", "nulls", "distinct"] {
        fields.push(field(name, Kind::Integer, false));
    }
    fields.push(field("distinct_is", Kind::Text, false));
    // Of numbers and of text.
    fields.push(field("min", Kind::Text, false));
    fields.push(field("max", Kind::Text, false));
    for name in ["sum", "mean", "variance", "std", "skew", "kurtosis", "median"] {
        fields.push(field(name, Kind::Float, false));
    }
    for q in &options.quantiles {
        fields.push(field(&format!("q{q}"), Kind::Float, false));
    }
    fields.push(field("quantile_error", Kind::Float, false));
    fields.push(field("outliers", Kind::Integer, false));
    Schema { name: "columns".to_owned(), fields: super::write::unique(fields) }
}

/// A document as rows of its [`schema`].
pub(crate) fn rows(document: &Map<String, Value>, options: &Options) -> Rows {
    let one = [Value::Object(document.clone())];
    let groups = document.get("groups").and_then(Value::as_array).map_or(&one[..], Vec::as_slice);
    let each = || {
        groups.iter().flat_map(|group| {
            let columns = group.get("columns").and_then(Value::as_array).into_iter().flatten();
            columns.map(move |column| (group, column))
        })
    };
    let values = schema(options).fields.into_iter().enumerate().map(|(index, field)| {
        let of = |(group, column): (&'_ Value, &'_ Value)| -> Option<Value> {
            let name = field.name.as_str();
            if let Some(by) = options.group_by.get(index) {
                return group.get("group")?.get(by).cloned();
            }
            match name {
                "column" => column.get("name").cloned(),
                "outliers" => column.get("outliers")?.get("count").cloned(),
                _ => match column.get(name) {
                    Some(value) => Some(value.clone()),
                    None => column.get("quantiles")?.get(name.strip_prefix('q')?).cloned(),
                },
            }
        };
        match field.kind {
            Kind::Float => Values::Float(each().map(|at| of(at)?.as_f64()).collect()),
            Kind::Integer => Values::Integer(each().map(|at| of(at)?.as_i64()).collect()),
            _ => {
                let mut texts = Texts::default();
                for at in each() {
                    let text = of(at).filter(|value| !value.is_null()).map(|value| match value {
                        Value::String(text) => text,
                        other => other.to_string(),
                    });
                    texts.push(text.as_deref());
                }
                Values::Text(texts)
            }
        }
    });
    Rows::new(values.collect()).unwrap_or_default()
}
