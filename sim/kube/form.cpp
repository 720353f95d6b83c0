#include "sim/kube/form.hpp"

#include <utility>

#include "sim/kube/columns.hpp"
#include "sim/kube/problem.hpp"

namespace terway::sim::kube {
namespace {

std::string parameter(const std::string& part, const std::string& name) {
    const auto at = part.find(";" + name + "=");
    if (at == std::string::npos) {
        return "";
    }
    const auto begin = at + name.size() + 2;
    return part.substr(begin, part.find(';', begin) - begin);
}

// "application/json;as=Table;v=v1;g=meta.k8s.io", "*/*"; without spaces.
bool accepted(const std::string& part, Form& form) {
    const std::string type = part.substr(0, part.find(';'));
    if (type != "application/json" && type != "*/*" && type != "application/*") {
        return false;
    }
    const std::string as = parameter(part, "as");
    if (as.empty()) {
        return true;
    }
    if (parameter(part, "g") != "meta.k8s.io") {
        return false;
    }
    const std::string version = parameter(part, "v");
    if (version != "v1" && version != "v1beta1") {
        return false;
    }
    form.table_version = version;
    if (as == "Table") {
        form.shape = Form::Shape::Table;
        return true;
    }
    if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
        form.shape = Form::Shape::Partial;
        return true;
    }
    return false;
}

// With kind and apiVersion in front.
std::string typed(const std::string& kind, const std::string& version, const std::string& text) {
    const std::string head = "{\"kind\":\"" + kind + "\",\"apiVersion\":\"" + version + "\"";
    return text == "{}" ? head + "}" : head + "," + text.substr(1);
}

std::string meta_version(const Form& form) {
    return "meta.k8s.io/" + form.table_version;
}

std::string converted(const Form& form, const Object& object) {
    if (!needs_conversion(*form.kind, form.version)) {
        return object.text;
    }
    json::object value = object.value;
    convert_out(value, *form.kind, form.version);
    return json::serialize(value);
}

std::string plain(const Form& form, const Object& object) {
    return typed(form.kind->kind, group_version(form.kind->group, form.version),
                 converted(form, object));
}

std::string partial(const Form& form, const Object& object) {
    const json::value* meta = object.value.if_contains("metadata");
    return typed("PartialObjectMetadata", meta_version(form),
                 json::serialize(json::object{
                     {"metadata", meta == nullptr ? json::value(json::object()) : *meta}}));
}

std::string row(const Form& form, const Object& object, WallTime now) {
    std::string text =
        "{\"cells\":" + json::serialize(cells_of(*form.kind, object.value, now)) + ",\"object\":";
    if (form.included == Form::Included::None) {
        text += "null";
    } else {
        text +=
            form.included == Form::Included::Object ? plain(form, object) : partial(form, object);
    }
    return text + "}";
}

std::string table(const Form& form, const std::string& rows, const json::object& meta,
                  bool with_columns) {
    const json::array columns = with_columns ? columns_of(*form.kind) : json::array();
    return typed("Table", meta_version(form),
                 "{\"metadata\":" + json::serialize(meta) + ",\"columnDefinitions\":" +
                     json::serialize(columns) + ",\"rows\":[" + rows + "]}");
}

}  // namespace

Form form_of(const Kind& kind, const std::string& version, const std::string& accept,
             const std::string& include_object) {
    Form form;
    form.kind = &kind;
    form.version = version;
    form.included = include_object == "Object" ? Form::Included::Object
                    : include_object == "None" ? Form::Included::None
                                               : Form::Included::Metadata;
    std::string part;
    for (const char c : accept + ",") {
        if (c == ',') {
            if (accepted(part, form)) {
                return form;
            }
            part.clear();
        } else if (c != ' ') {
            part += c;
        }
    }
    if (accept.empty()) {
        return form;
    }
    throw Problem{406,
                  "NotAcceptable",
                  "only the following media types are accepted: application/json",
                  {},
                  {}};
}

std::string shown(const Form& form, const Object& object, WallTime now, bool with_columns) {
    if (form.shape == Form::Shape::Table) {
        const json::object meta{{"resourceVersion", meta_text(object.value, "resourceVersion")}};
        return table(form, row(form, object, now), meta, with_columns);
    }
    return form.shape == Form::Shape::Partial ? partial(form, object) : plain(form, object);
}

std::string shown_list(const Form& form, const std::vector<std::pair<Key, ObjectPtr>>& items,
                       const json::object& meta, WallTime now) {
    std::string all;
    for (const auto& [key, object] : items) {
        all += all.empty() ? "" : ",";
        if (form.shape == Form::Shape::Table) {
            all += row(form, *object, now);
        } else {
            all += form.shape == Form::Shape::Partial ? partial(form, *object)
                                                      : converted(form, *object);
        }
    }
    if (form.shape == Form::Shape::Table) {
        return table(form, all, meta, true);
    }
    const std::string body = "{\"metadata\":" + json::serialize(meta) + ",\"items\":[" + all + "]}";
    return form.shape == Form::Shape::Partial
               ? typed("PartialObjectMetadataList", meta_version(form), body)
               : typed(form.kind->kind + "List", group_version(form.kind->group, form.version),
                       body);
}

}  // namespace terway::sim::kube
