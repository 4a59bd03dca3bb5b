from django.urls import path

from duly.interfaces.web.settings import entities, people, policies, rates

urlpatterns = [
    path("settings/", entities.entities, name="settings"),
    path("settings/entities/new/", entities.add, name="entity_new"),
    path("settings/entities/<int:entity>/", entities.entity, name="entity"),
    path("settings/entities/<int:entity>/edit/", entities.edit, name="entity_edit"),
    path("settings/entities/<int:entity>/logo/", entities.logo, name="entity_logo"),
    path("settings/entities/<int:entity>/tax-number/", entities.tax_number, name="entity_tax_number"),
    path("settings/entities/<int:entity>/bank-account/", entities.bank_account, name="entity_bank_account"),
    path("settings/entities/<int:entity>/series/<slug:kind>/", entities.series, name="entity_series"),
    path("settings/entities/<int:entity>/chart/<slug:role>/", entities.chart_role, name="entity_chart"),
    path("settings/entities/<int:entity>/close/", entities.close, name="entity_close"),
    path("settings/tax-rates/", rates.tax_rates, name="tax_rates"),
    path("settings/tax-rates/new/", rates.add_tax_rate, name="tax_rate_new"),
    path("settings/exchange-rates/", rates.exchange_rates, name="exchange_rates"),
    path("settings/exchange-rates/new/", rates.add_exchange_rate, name="exchange_rate_new"),
    path("settings/exchange-rates/import/", rates.import_exchange_rates, name="exchange_rates_import"),
    path("settings/policies/", policies.policies, name="policies"),
    path("settings/policies/second-factor/", policies.second_factor, name="policy_second_factor"),
    path("settings/policies/<int:entity>/", policies.policies, name="entity_policies"),
    path("settings/policies/<int:entity>/new-agreements/", policies.new_agreements, name="policy_new_agreements"),
    path("settings/policies/<int:entity>/checks/", policies.checks, name="policy_checks"),
    path("settings/users/", people.users, name="users"),
    path("settings/users/new/", people.add_user, name="user_new"),
    path("settings/users/<int:user>/", people.user, name="user"),
    path("settings/users/<int:user>/password/", people.password, name="user_password"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/new/", people.add_person, name="person_new"),
    path("settings/people/<int:person>/", people.person, name="person"),
]
